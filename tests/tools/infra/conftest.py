import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

INFRA = Path(__file__).parents[3] / "infra"

type Break = Callable[[str, str, str], Path]


@pytest.fixture
def broken(tmp_path: Path) -> Break:
    """A copy of infra/ in which one text of one file is another."""

    def make(file: str, old: str, new: str) -> Path:
        root = tmp_path / "infra"
        shutil.copytree(INFRA, root, ignore=shutil.ignore_patterns("schemas"))
        path = root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r} any more: break something else"
        path.write_text(text.replace(old, new, 1))
        return root

    return make
