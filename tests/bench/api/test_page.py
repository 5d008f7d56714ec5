import math
from dataclasses import replace

from bench.api.page import BEGIN, END, markdown
from bench.api.results import BUSY, QUIET, Load, Memory, p50_and_p99
from bench.results import Machine
from tests.readme import ROOT

LOAD = Load("status", QUIET, 16, 2_000, {}, 4.0, 0.0301, 0.09)
MACHINE = Machine(processor="Some CPU", processors=2, memory_bytes=8 << 30, system="Linux", python="3.13", peers={})
STEADY = Memory(10_000, (100 << 20, 103 << 20, 102 << 20))


def test_what_was_measured_is_told() -> None:
    text = markdown(MACHINE, [LOAD, replace(LOAD, phase=BUSY)], STEADY)
    assert "| status | no | 16 | 2,000 | 0 | 500.0 | 30.1 | 90.0 |" in text
    assert "| status | yes | 16 |" in text
    assert "4,000 requests, 0 errors: **met**" in text
    assert "100.0, 103.0, 102.0 MiB, +2.0%; aim: at most +5%: **met**" in text


def test_errors_and_growth_are_not_met() -> None:
    text = markdown(MACHINE, [replace(LOAD, faults={"503": 1})], Memory(10, (100, 106)))
    assert "1 errors (1 503): **not met**" in text
    assert "+6.0%; aim: at most +5%: **not met**" in text
    assert "| 1 | 499.8 |" in text


def test_percentiles() -> None:
    assert p50_and_p99([n / 100 for n in range(101)]) == (0.5, 0.99)
    assert p50_and_p99([3.0]) == (3.0, 3.0)
    assert all(math.isnan(one) for one in p50_and_p99([]))


def test_the_page_has_the_markers() -> None:
    text = (ROOT / "docs" / "benchmarks-api.md").read_text()
    assert text.index(BEGIN) < text.index(END)
