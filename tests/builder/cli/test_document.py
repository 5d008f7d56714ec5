"""The commands of the documentation, run in their order against a site on loopback."""

import csv
import shlex
from pathlib import Path

import pytest

from builder.cli.exits import Exit
from builder.cli.main import cli
from tests.builder.cli.conftest import Run
from tests.builder.cli.site import Site
from tests.builder.photos import encoded, photo
from tests.readme import ROOT, commands, quoted

PAGE = ROOT / "docs" / "command.md"
START = ["python", "-m", "builder"]


def test_every_command_does_what_it_says(run: Run, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("urls.txt").write_text("\n".join(site.urls()))
    with Path("list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("link", "class"), *((url, "tulip") for url in site.urls())])
    Path("photos").mkdir()
    for name in ("chelsea", "coffee"):
        Path("photos", f"{name}.png").write_bytes(encoded(photo(name), "PNG"))
    Path("photos/copy.jpg").write_bytes(encoded(photo("coffee")))
    near = ["--allow", site.address, "--per-host", "8", "--processes", "1"]
    extra = {
        "build": [*near, "--source", "sample", "--sample-url", f"http://{site.address}", "--images", "5"],
        "from-urls": near,
        "rebuild": near,
    }
    seen = set()
    for command in commands(PAGE):
        words = shlex.split(command)
        assert words[:3] == START
        name = words[3]
        done = run(*words[3:], *extra.get(name, []), "--quiet")
        # both labels find the same pictures on this site: one has them, the other falls short
        assert (done.returncode, done.stderr) == (Exit.INCOMPLETE if name == "build" else Exit.DONE, ""), command
        seen.add(name)
    assert seen == set(cli.commands) - {"remote"}  # which has a page of its own
    assert {path.name for path in Path("copies").iterdir()} == {"copy.jpg"}
    assert {path.name for path in Path("tulips/exports").iterdir()} == {"imagefolder", "webdataset"}
    assert Path("pandas/manifest.jsonl").exists()
    assert Path("again/manifest.jsonl").read_bytes().count(b"\n") == 24
    assert Path("verdicts.csv").read_text().count("accepted") == 3


def test_every_option_and_code_named_exists() -> None:
    options = {name for command in cli.commands.values() for parameter in command.params for name in parameter.opts}
    named = {word for told in quoted(PAGE) for word in told.split() if word.startswith("--")}
    assert named - {"--help"} <= options
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert {int(cell) for cell in rows if cell.isdecimal()} == {code.value for code in Exit}


def test_the_readme_names_commands_that_there_are() -> None:
    told = [command for command in commands(ROOT / "README.md") if "-m builder" in command]
    assert told
    for command in told:
        words = shlex.split(command)
        assert words[:3] == [".venv/bin/python", *START[1:]]
        if words[3] != "--help":
            cli.commands[words[3]].make_context(words[3], ["/dev/null" if "urls" in w else w for w in words[4:]])
