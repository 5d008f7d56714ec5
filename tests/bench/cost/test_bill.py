"""From two builds to a bill."""

import json
import zlib
from pathlib import Path

import pytest

from bench.cost import idle, page, pictures
from bench.cost.bill import LABEL_IMAGES, RAW_DAYS, Model, amounts, quantities, transactions
from bench.cost.build import Run
from bench.cost.counted import Counted, parse
from bench.cost.larger import larger
from bench.results import Machine
from tests.readme import ROOT


def _run(images: int) -> Run:
    """10 writes and 500 RU for the build, 0.05 writes and 2 RU for each image; a shard for 40."""
    shards = images / 40
    counted = Counted(
        units={
            "storage_write": 10 + 0.05 * images,
            "storage_read": 20.0,
            "request_unit": 500 + 2 * images,
            "downloaded_byte": shards * 5_000_000,
        },
        actions={"activity": 10 + shards, "eventRaised": shards},
        invocations={"validate_raw_shard": shards},
        seconds={"validate_raw_shard": shards * 2},
        billed={"validate_raw_shard": shards * 2.1},
        busy=shards,
    )
    return Run(images, images * 2, counted, 20.0, 2.0, images * 1_000, 100, 10_000, 5.0)


MODEL = Model.of(_run(200), _run(1_000))


def test_a_line_through_two_builds_parts_what_is_fixed() -> None:
    assert MODEL.each["storage_write"] == pytest.approx(0.05)
    assert MODEL.fixed["storage_write"] == pytest.approx(10)
    assert MODEL.each["storage_read"] == 0
    assert MODEL.at(1_000)["request_unit"] == pytest.approx(2_500)
    assert transactions(quantities(_run(1_000))) == pytest.approx(60 + 20 + 25 * 6)


def test_rounds_of_large_labels_are_added() -> None:
    assert MODEL.rereading(1_000) == 0
    one_label = MODEL.rereading(10_000)
    assert one_label > 0
    assert MODEL.rereading(100_000) == pytest.approx(10 * one_label)


def test_what_is_fixed_is_taken_for_every_four_labels_and_each_of_their_rounds() -> None:
    labels = 100
    images = labels * LABEL_IMAGES  # in labels of 250 shards, which are two rounds
    assert MODEL.at(images)["storage_write"] == pytest.approx(10 * labels / 4 * 2 + 0.05 * images)


def test_the_bill_of_a_build_is_recomputed_by_hand() -> None:
    found = amounts(quantities(_run(1_000)))  # 25 shards
    assert found["storage_write"] == pytest.approx(60 / 10_000 * 0.05)
    assert found["request_unit"] == pytest.approx(2_500 / 1_000_000 * 0.25)
    assert found["gigabyte_seconds_alone"] == pytest.approx(25 * 2.1 * 2 * 0.000026)
    assert found["gigabyte_seconds_web"] == pytest.approx(25 * 12.758 * 2 * 0.000026, rel=1e-3)
    assert found["raw_gigabyte_months"] == pytest.approx(25 * 0.005 * 22 / 30.4 * 0.018)


def test_larger_pictures_take_more_requests_and_more_room() -> None:
    here, photograph, camera = (larger(MODEL, 100_000, size) for size in (None, 1_000_000, 6_000_000))
    assert here.transactions == pytest.approx(transactions(MODEL.at(100_000)) / 100_000)
    assert here.usd == pytest.approx(sum(amounts(MODEL.at(100_000)).values()) / 100)
    # Of a raw shard of 87 MB: 6 more writes, 4 more reads; of 58 MB kept: 4 and 2; and the export's blocks
    assert (photograph.transactions - here.transactions) * 40 == pytest.approx(6 + 4 + 4 + 2 + 2.25, abs=0.01)
    assert here.usd < photograph.usd < 0.1 < camera.usd


def test_raw_shards_are_paid_for_until_they_are_gone_for_good() -> None:
    storage = json.loads((ROOT / "infra" / "environments" / "prod.json").read_text())["storage"]
    assert storage["rawDays"] + 1 + storage["keepDeletedDays"] == RAW_DAYS


def test_the_bill_is_quantities_times_prices() -> None:
    found = dict.fromkeys(MODEL.at(1), 0.0) | {"storage_write": 10_000.0, "request_unit": 2_000_000.0}
    assert sum(amounts(found).values()) == pytest.approx(0.05 + 0.50)


def test_metrics_are_read_as_the_host_serves_them() -> None:
    text = "".join(
        f"# HELP {name} .\n# TYPE {name} counter\n{name}_total{labels} {value}\n"
        for name, labels, value in (
            ("pixcrawler_cost", '{unit="storage_read"}', 3),
            ("local_durable_actions", '{kind="activity"}', 4),
            ("local_busy_seconds", "", 1.5),
        )
    )
    found = parse(text)
    assert (found.storage, found.actions, found.busy) == (3, {"activity": 4}, 1.5)
    assert found.since(found) == Counted()


def test_of_ten_pictures_six_are_good() -> None:
    found = [pictures.picture(1, number) for number in range(10)]
    assert found[6] is None
    assert found[7] == found[5]
    assert len({one for one in found if one and len(one) > 10_000}) == 6
    assert pictures.picture(2, 0) != found[0]


def test_candidates_are_as_long_as_a_search_engines_and_unlike_each_other() -> None:
    found = pictures.listed("http://127.0.0.1:12345", 3_480, 100)
    assert [len(one) for one in found[0]] == pytest.approx([95, 75, 48], abs=5)
    assert found[0][0].startswith("http://127.0.0.1:12345/3480/0/")
    assert len({text for one in found for text in one}) == 300
    packed = zlib.compress(json.dumps(found).encode())
    assert len(packed) > 100 * 80, "names of the web do not compress to nothing"


def test_a_month_without_a_build(tmp_path: Path) -> None:
    dev = {
        "runtime": {"instanceMemoryMB": 2048, "alwaysReady": []},
        "cosmos": {"mode": "serverless", "maxThroughput": 1_000},
        "watching": {"alerts": False, "probe": False, "probeSeconds": 900, "probePlaces": []},
    }
    prod = {
        "runtime": {"instanceMemoryMB": 2048, "alwaysReady": [{"name": "http", "instanceCount": 1}]},
        "cosmos": {"mode": "autoscale", "maxThroughput": 1_000},
        "watching": {"alerts": True, "probe": True, "probeSeconds": 900, "probePlaces": ["a"]},
    }
    for name, profile in (("dev", dev), ("prod", prod)):
        (tmp_path / "environments").mkdir(exist_ok=True)
        (tmp_path / "environments" / f"{name}.json").write_text(json.dumps(profile))
    (tmp_path / "watching").mkdir()
    (tmp_path / "watching" / "alerts.json").write_text(json.dumps([{"every": "PT5M"}]))
    months = {name: sum(line.amount for line in lines) for name, lines in idle.environments(tmp_path).items()}
    assert months["dev"] < 2
    assert 30 < months["prod"] < 40  # an instance 21, 100 RU/s 9, alerts 2, a test 2
    machine = Machine(processor="one", processors=2, memory_bytes=1, system="Linux", python="3.13", peers={})
    text = page.markdown(machine, _run(200), _run(1_000), idle.environments(tmp_path))
    assert "| **prod** | **a month without a build** |" in text
    assert "| storage transactions an image | 0.3 | **0.216** | met | 0.202 with the small pictures" in text
    assert "| 300 KB | 0.216 | met |" in text
    assert "| 3,000 KB | 1.627 | **not met** |" in text
    assert "| USD for 1,000 images | 0.1 | **0.0" in text
