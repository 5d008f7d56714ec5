import pytest

from tools.watching.queries import NotReadError, Read, read, unmet
from tools.watching.telemetry import Tables

SCHEMA = {"T": "(TimeGenerated: datetime, Name: string, Sum: real, Properties: dynamic)"}
TABLES: Tables = {
    "T": [
        {"Name": "images", "Sum": 1.0, "Properties": {"stage": "fetched"}},
        {"Name": "builds", "Sum": 2.0, "Properties": {"state": "ready"}},
    ]
}
CASES = {
    "T | count": [],
    'T | where Name == "images" and tostring(Properties.stage) == "fetched"': [],
    'T | where Name == "images" | summarize by tostring(Properties["stage"])': [],
    'T | where Name contains "IMAGE"': [],
    'T | where Name in ("images", "gone")': ["T: no Name in 'gone'"],
    'T | where Name == "gone"': ["T: no Name == 'gone'"],
    'T | where Name == "builds" | summarize by tostring(Properties.stage)': ["T: no stage in Properties"],
    'T | where Name == "builds" and tostring(Properties.stage) == "fetched"': ["T: no Properties.stage == 'fetched'"],
    'T | summarize sumif(Sum, Name == "images"), sumif(Sum, Name == "x")': ["T: no Name == 'x'"],
    'let A = toscalar(T | where Name == "x" | count); T | where Sum > A': ["T: no Name == 'x'"],
}


FAULTY = {
    "syntax": "T | sumarize count()",
    "column": 'T | where Nam == "x"',
    "table": "U | count",
    "function": "T | extend x = tostrin(Name)",
    "type": "T | summarize sum(Name)",
    "argument": "T | summarize percentile(Sum)",
}
UNKNOWN = 'T | where Name startswith "ima"'


@pytest.fixture(scope="module")
def found() -> dict[str, Read]:
    return read({**{query: query for query in (*CASES, UNKNOWN)}, **FAULTY}, SCHEMA)


@pytest.mark.parametrize(("query", "missing"), CASES.items())
def test_what_no_row_has_is_found(found: dict[str, Read], query: str, missing: list[str]) -> None:
    assert found[query].faults == ()
    assert unmet(found[query], TABLES) == missing


@pytest.mark.parametrize("fault", FAULTY)
def test_faults_are_those_of_the_language_service(found: dict[str, Read], fault: str) -> None:
    assert found[fault].faults


def test_a_filter_that_is_not_understood_is_not_passed_over(found: dict[str, Read]) -> None:
    with pytest.raises(ValueError, match="startswith"):
        unmet(found[UNKNOWN], TABLES)


def test_a_reader_that_fails_says_why() -> None:
    with pytest.raises(NotReadError, match="tables"):
        read({"q": "T"}, None)  # type: ignore[arg-type]  # no schema at all: the script throws
