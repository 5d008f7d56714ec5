import subprocess
import sys
from pathlib import Path

import pytest

from local.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--keywords", " , "], "no keyword is given"),
        (["run", "--images", "0"], "images_per_label"),
        (["run", "--keywords=a,A"], "labels must differ"),
        (["up", "--host-port", "8081"], "wrong settings: every service needs a port of its own"),
    ],
)
def test_nonsense_is_answered_in_words_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run", "--images", "many"], ["run", "--source", "flickr"]])
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


def test_help_names_the_commands_and_settings() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local", "--help"],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert all(word in done.stdout for word in ("up", "run", "GALLERY_PORT", "HOST_PORT"))
