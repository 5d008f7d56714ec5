"""Pages of the documentation that hold what was measured, between two markers."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench.errors import BenchError

Measured = tuple[str, bool]
"""Tables as Markdown, and whether all that had to be was kept."""


def publish(measure: Callable[[], Measured], console: Console, page: Path | None, begin: str, end: str) -> int:
    """Measure, put the tables into the page if there is one, show them. Gives the exit code: 0; 1 when something was
    not kept or could not be measured; 130 when it was interrupted."""
    try:
        text, kept = measure()
        if page is not None:
            put_between(page, begin, end, text)
    except BenchError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(text, markup=False)
    return 0 if kept else 1


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    """Put the text between the page's markers. Raises BenchError when the page has none."""
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        msg = f"{page} lacks the lines {begin} and {end}: put them where the tables belong"
        raise BenchError(msg)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
