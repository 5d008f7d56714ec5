"""`builder.report`: the counts add up, and a shortfall is said in plain sentences."""

import subprocess
import sys
from typing import Any, get_args

import pytest

from builder import report as module
from builder.report import Report, SourceState, make_report, source_states
from builder.rounds import Cursor, Failure, SearchState
from builder.rows import DuplicateReason, FetchReason, LabelConflict, RejectReason
from builder.spec import DatasetSpec, LabelSpec
from tests.builder.rows_of import row

SPEC = DatasetSpec(
    name="Pets",
    labels=(LabelSpec(name="Cat"), LabelSpec(name="Dog", images=1)),
    images_per_label=4,
    sources=("bing", "duckduckgo"),
)
ROWS = [
    row(0, split="train", licence="CC0"),
    row(1, split="test"),
    row(2, verdict="duplicate", reason="near_duplicate", duplicate_of="cat-00000-00"),
    row(3, verdict="rejected", reason="too_small"),
    row(4, verdict="rejected", reason="too_small"),
    row(5, verdict="failed", reason="timeout", engine="duckduckgo"),
    row(0, "dog", split="train", format="png"),
    row(1, "dog", verdict="surplus", reason="over_target"),
]
STATES = [
    SourceState(label="cat", source="bing", dry=True),
    SourceState(label="cat", source="duckduckgo", failure="unreachable", message="duckduckgo.com did not answer"),
    SourceState(label="dog", source="bing"),
]


def test_counts() -> None:
    conflict = LabelConflict(kept="cat-00000-00", label="cat", others={"dog": 1})
    report = make_report(SPEC, ROWS, STATES, [conflict])
    cat, dog = report.labels
    assert (cat.label, cat.target, cat.found, cat.fetched, cat.accepted) == ("Cat", 4, 6, 5, 2)
    assert (cat.duplicates, cat.rejected, cat.failed, cat.surplus, cat.shortfall) == (1, 2, 1, 0, 2)
    assert cat.reasons == {"too_small": 2, "near_duplicate": 1, "timeout": 1}
    assert cat.splits == {"test": 1, "train": 1}
    assert [(s.source, s.found, s.accepted, s.failure) for s in cat.sources] == [
        ("bing", 5, 2, None),
        ("duckduckgo", 1, 0, "unreachable"),
    ]
    assert (dog.accepted, dog.surplus, dog.shortfall, dog.shortfall_reasons) == (1, 1, 0, ())
    assert report.totals.found == 8
    assert report.totals.bytes == sum(r.size_bytes or 0 for r in ROWS if r.verdict == "accepted")
    assert (report.target, report.shortfall, report.complete) == (5, 2, False)
    assert report.formats == {"jpeg": 2, "png": 1}
    assert report.licences == {"": 2, "CC0": 1}
    assert report.label_conflicts == (conflict,)
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_a_shortfall_is_said_in_sentences() -> None:
    cat = make_report(SPEC, ROWS, STATES).labels[0]
    assert cat.shortfall_reasons == (
        "bing gave 5 candidates and has no more.",
        "duckduckgo could not be reached, after it gave 1 candidate.",
        "Of 6 candidates 2 were kept, 4 were asked for; not kept: 2 too small, 1 near-duplicates, 1 timed out.",
    )


def test_states_come_from_the_search() -> None:
    state = SearchState(
        cursors=(
            Cursor(engine="bing", query="a", dry=True),
            Cursor(engine="bing", query="b"),
            Cursor(engine="urls", query="cat", dry=True),
            Cursor(engine="duckduckgo", query="a"),
        ),
        failures=(Failure(engine="duckduckgo", kind="refused", message="it said no", given_up=True),),
    )
    assert source_states("cat", state) == (
        SourceState(label="cat", source="bing"),
        SourceState(label="cat", source="duckduckgo", failure="refused", message="it said no"),
        SourceState(label="cat", source="urls", dry=True),
    )


def test_nothing_found() -> None:
    report = make_report(SPEC, [])
    assert report.labels[0].shortfall_reasons == ("No source gave a single candidate.",)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"failure": "unreachable", "dry": True}, "bing could not be reached."),
        ({"failure": "rate_limited"}, "bing limited our requests."),
        ({"failure": "refused"}, "bing refused to answer."),
        ({"failure": "changed"}, "bing answered in a form that is not understood."),
        ({"failure": "not_configured"}, "bing is not configured."),
        ({"dry": True}, "bing gave nothing and has no more."),
        ({}, "bing gave nothing before the search ended."),
    ],
)
def test_how_a_source_ended_is_said_plainly(state: dict[str, Any], sentence: str) -> None:
    report = make_report(SPEC, [], [SourceState(label="Cat", source="bing", **state)])
    assert report.labels[0].shortfall_reasons == (sentence, "No source gave a single candidate.")


def test_a_source_that_failed_is_not_called_dry() -> None:
    states = [SourceState(label="cat", source="bing", dry=True, failure="unreachable", message="no network")]
    assert "has no more" not in " ".join(make_report(SPEC, ROWS, states).labels[0].shortfall_reasons)


def test_a_row_of_another_dataset_is_an_error() -> None:
    with pytest.raises(KeyError, match="fish"):
        make_report(SPEC, [row(0, "fish")])


def test_every_reason_has_words() -> None:
    reasons = {*get_args(FetchReason), *get_args(RejectReason), *get_args(DuplicateReason), "over_target"}
    assert module._REASONS.keys() == reasons


def test_importing_it_pulls_in_nothing_heavy() -> None:
    program = (
        "import sys, builder.report, builder.manifest, builder.spec, builder.store, builder.exports.base\n"
        "print(sorted({'PIL', 'numpy', 'cv2', 'pyarrow', 'pycurl'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
