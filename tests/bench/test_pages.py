from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.pages import put_between


def test_text_goes_between_the_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Head\n<begin>\nold\n<end>\nfoot\n")
    put_between(page, "<begin>", "<end>", "new\n")
    assert page.read_text() == "# Head\n<begin>\n\nnew\n\n<end>\nfoot\n"
    with pytest.raises(BenchError, match="lacks the lines"):
        put_between(page, "<other>", "<end>", "new")
    with pytest.raises(BenchError, match="lacks the lines"):
        put_between(page, "foot", "<end>", "new")
