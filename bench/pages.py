"""Pages of the documentation that hold what was measured, between two markers."""

from pathlib import Path

from bench.errors import BenchError


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    """Put the text between the page's markers. Raises BenchError when the page has none."""
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        msg = f"{page} lacks the lines {begin} and {end}: put them where the tables belong"
        raise BenchError(msg)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
