from pathlib import Path

import pytest
from rich.console import Console

from bench.errors import BenchError
from bench.pages import Measured, publish, put_between


def test_text_goes_between_the_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Head\n<begin>\nold\n<end>\nfoot\n")
    put_between(page, "<begin>", "<end>", "new\n")
    assert page.read_text() == "# Head\n<begin>\n\nnew\n\n<end>\nfoot\n"
    with pytest.raises(BenchError, match="lacks the lines"):
        put_between(page, "<other>", "<end>", "new")
    with pytest.raises(BenchError, match="lacks the lines"):
        put_between(page, "foot", "<end>", "new")


def test_what_was_measured_is_written_shown_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("<begin>\n<end>\n")

    def ended(measure: Measured | BaseException) -> int:
        def measured() -> Measured:
            if isinstance(measure, BaseException):
                raise measure
            return measure

        return publish(measured, Console(), page, "<begin>", "<end>")

    assert ended(("| 1 |", True)) == 0
    assert ended(("| 2 |", False)) == 1
    assert page.read_text() == "<begin>\n\n| 2 |\n<end>\n"
    assert ended(BenchError("no site")) == 1
    assert ended(KeyboardInterrupt()) == 130
    assert "| 2 |" in page.read_text(), "what was there stays"
    assert capsys.readouterr().out.split("\n")[:3] == ["| 1 |", "| 2 |", "no site"]
