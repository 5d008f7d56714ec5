import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from bench import verdicts
from bench.damage import HARMS, KINDS, kind_of
from bench.errors import BenchError
from bench.results import VerdictCell
from bench.written import count_images


def test_the_issues_that_cleanvision_flags_are_read(tmp_path: Path) -> None:
    issues = tmp_path / "issues"
    issues.write_text(
        ",dark_score,is_dark_issue,is_blurry_issue\n/x/a-1.jpg,0.1,True,True\n/x/b-1.jpg,0.9,False,False\n"
    )
    assert verdicts.of_cleanvision(issues) == {"a-1.jpg": "dark, blurry", "b-1.jpg": ""}


def test_the_builder_s_lines_are_read_among_others(tmp_path: Path) -> None:
    log = tmp_path / "log"
    rows = [{"path": "a-1.jpg", "reason": "too_dark"}, {"path": "sub/b-1.jpg", "reason": None}]
    log.write_text("hello\n" + "".join(f"{json.dumps(row)}\n" for row in rows))
    assert verdicts.of_builder(log) == {"a-1.jpg": "too_dark", "b-1.jpg": ""}
    log.write_text("hello\n")
    with pytest.raises(BenchError, match="validate --json"):
        verdicts.of_builder(log)


def test_verdicts_are_compared_image_by_image() -> None:
    names = ["plain-1.jpg", "dark-1.jpg", "dark-2.jpg", "dark-3.jpg"]
    cells = verdicts.compare(
        names, dict.fromkeys(names[:3], "dark") | {"dark-3.jpg": ""}, dict.fromkeys(names[1:], "too_dark")
    )
    assert cells == (
        VerdictCell(kind="plain", cleanvision="dark", builder="not looked at", pictures=1),
        VerdictCell(kind="dark", cleanvision="dark", builder="too_dark", pictures=2),
        VerdictCell(kind="dark", cleanvision="", builder="too_dark", pictures=1),
    )


@pytest.mark.parametrize("kind", HARMS)
def test_every_damage_changes_the_picture(kind: str) -> None:
    picture = Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 60).convert("RGB")
    harmed = HARMS[kind](picture)
    assert (harmed.size, harmed.mode, harmed.tobytes()) != (picture.size, picture.mode, picture.tobytes())
    assert kind_of(f"{kind}-0012.jpg") == kind
    assert kind in KINDS


def test_images_in_tars_are_counted(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (256, 100)).save(buffer, "JPEG")
    (tmp_path / "train").mkdir()
    for name in ("0.tar", "train/1.tar"):
        with tarfile.open(tmp_path / name, "w") as tar:
            for member in ("1.jpg", "1.json", "2.jpg"):
                told = tarfile.TarInfo(member)
                told.size = len(buffer.getvalue())
                tar.addfile(told, io.BytesIO(buffer.getvalue()))
    written = count_images(tmp_path)
    assert (written.images, written.longest_side) == (4, 256)
    assert written.total_bytes == 4 * len(buffer.getvalue())
