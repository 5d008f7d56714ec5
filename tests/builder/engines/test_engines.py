"""Making engines by name, and what importing them costs."""

import subprocess
import sys
from typing import get_args

import pytest

from builder.engines import EngineSettings, engine
from builder.engines.base import pixels, short
from builder.spec import SourceName


@pytest.mark.parametrize("name", get_args(SourceName))
def test_every_source_of_a_spec_has_its_engine(name: SourceName) -> None:
    made = engine(name)
    assert made.name == name
    assert made.takes_queries is (name not in {"urls", "uploads"})
    assert engine(name, EngineSettings()) is not made


def test_importing_the_room_pulls_in_nothing_heavy() -> None:
    code = (
        "import sys, builder.engines, builder.guard, builder.keywords, builder.links, builder.raw, builder.rounds,"
        "builder.urls; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert "builder" in loaded
    assert not loaded & {"ddgs", "primp", "lxml", "PIL", "numpy", "pyarrow", "requests", "aiohttp", "pycurl"}


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (640, 640),
        ("640", 640),
        (" 640 ", 640),
        *((value, None) for value in (0, -1, "", "x", None, True, 10**9, "9" * 5_000, "٣", 1.5)),
    ],
)
def test_pixels(told: object, known: int | None) -> None:
    assert pixels(told) == known


def test_titles_are_one_bounded_line() -> None:
    assert short(" a\n b\t") == "a b"
    assert short("x" * 1_000) == "x" * 500
    assert short("  ") is None
    assert short(None) is None
