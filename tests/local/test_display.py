import io

from rich.console import Console

from builder.remote.models import Dataset
from local.display import Bars, table
from tests.local.fake_api import dataset, label


def printed(terminal: bool, *states: Dataset) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    with Bars(console) as bars:
        for state in states:
            bars.show(state)
    return out.getvalue()


FIRST = Dataset.model_validate(dataset("building", label("red [panda]", 4, rejected=2, failed=1)))
LAST = Dataset.model_validate(dataset("building", label("red [panda]", 14, rejected=3, failed=1)))


def test_a_bar_follows_the_accepted_images_and_stops_at_the_target() -> None:
    shown = printed(True, FIRST, LAST)
    assert "red [panda]" in shown
    assert "10/10" in shown
    assert "20 found, 15 fetched, 4 lost" in shown


def test_where_nobody_watches_there_is_a_line_per_stage() -> None:
    queued, ready = (Dataset.model_validate(dataset(state, label("red [panda]", 0))) for state in ("queued", "ready"))
    assert printed(False, queued, FIRST, LAST, ready) == "queued...\ncollecting...\n"


def test_the_table_has_every_count_and_reason() -> None:
    counts = {"rejected": 3, "failed": 4, "duplicates": 5, "surplus": 6, "reasons": {"too_small": 3, "http_4xx": 4}}
    done = Dataset.model_validate(dataset("ready", label("red [panda]", 10, **counts)))
    out = io.StringIO()
    Console(file=out, width=160).print(table(done, 12.34, "out/[x]"))
    row = next(line for line in out.getvalue().splitlines() if "red [panda]" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "red [panda]", "10", "20", "15", "10", "3", "4", "5", "6", "http_4xx 4, too_small 3",
    ]  # fmt: skip
    assert "ready after 12.3 s; it is in out/[x]" in out.getvalue()
