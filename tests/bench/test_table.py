from pathlib import Path

import pytest

from bench import table
from bench.errors import BenchError
from bench.results import (
    ContestResult,
    CorpusFacts,
    Criterion,
    Machine,
    Results,
    Run,
    ServerFacts,
    Step,
    VerdictCell,
    load,
    save,
)

RUN = Run(wall_seconds=20.0, cpu_seconds=30.0, peak_bytes=300 << 20, items=5_000, images=4_990)
RESULTS = Results(
    machine=Machine(
        processor="Some CPU", processors=2, memory_bytes=8 << 30, system="Linux 6", python="3.13.0", peers={"it": "1.0"}
    ),
    corpus=CorpusFacts(
        source="a folder", photographs=9, pictures=5_000, mean_bytes=94e3, median_bytes=7e4, largest_bytes=10**6,
        near_duplicates=0,
    ),
    server=ServerFacts(software="a server", http_per_second=9_000, https_per_second=4_000),
    contests={
        "resize": ContestResult(
            title="resized",
            began="2030-01-01T00:00:00+00:00",
            rounds=({"ours": RUN},),
            criteria=(Criterion(name="images/s", aim=2.0, at_least=True, ratios=(1.5, 2.5, 2.25)),),
        )
    },
    steps=(Step(name="fetch", per_second=2_000, floor="bare", floor_per_second=5_000),),
    verdicts=(
        VerdictCell(kind="plain", cleanvision="", builder="", pictures=5),
        VerdictCell(kind="dark", cleanvision="dark", builder="too_dark", pictures=3),
        VerdictCell(kind="dark", cleanvision="", builder="too_dark", pictures=2),
    ),
)  # fmt: skip


def test_only_what_is_between_the_markers_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{table.BEGIN}\nof last year\n{table.END}\n\nAfter.\n")
    table.write_into(page, RESULTS)
    once = page.read_text()
    assert once.startswith(f"# Before\n\n{table.BEGIN}\n")
    assert once.endswith(f"{table.END}\n\nAfter.\n")
    assert "of last year" not in once
    table.write_into(page, RESULTS)
    assert page.read_text() == once


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place here\n")
    with pytest.raises(BenchError, match="lacks the lines"):
        table.write_into(page, RESULTS)
    assert page.read_text() == "no place here\n"


def test_the_tables_say_what_was_measured() -> None:
    text = table.markdown(RESULTS)
    assert "| resize: resized | images/s | at least 2 | **2.25** | 1.50 to 2.50 | 3 | met |" in text
    assert "| resize | ours | 5,000 | 4,990 | 20.0 | 250 | 30.0 | 6.00 | 300 |" in text
    assert "| fetch | 2,000 | 0.50 | bare | 5,000 | 2.5 |" in text
    assert "Of 10 files both object to 3, CleanVision alone to 0, the builder alone to 2, neither to 5." in text
    assert "| dark | 5 | dark 3; nothing 2 | too_dark 5 | 3 |" in text


def test_the_page_of_the_project_has_its_markers() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "benchmarks.md").read_text()
    assert page.index(table.BEGIN) < page.index(table.END)


def test_results_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert load(path) is None
    save(RESULTS, path)
    assert load(path) == RESULTS
    path.write_text("{}")
    assert load(path) is None
