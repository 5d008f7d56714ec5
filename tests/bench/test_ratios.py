import pytest

from bench import ratios
from bench.contests import Aim
from bench.results import Criterion, Round, Run


def run(seconds: float, items: int = 100, images: int | None = None, peak: int = 1) -> Run:
    return Run(wall_seconds=seconds, cpu_seconds=seconds, peak_bytes=peak, items=items, images=images)


def rounds(*seconds: tuple[float, float]) -> list[Round]:
    return [{"ours": run(ours), "theirs": run(theirs)} for ours, theirs in seconds]


def test_ratios_are_of_pairs_and_not_of_medians() -> None:
    held = rounds((1, 2), (10, 30), (2, 2))
    aim = Aim("speed", ratios.items_per_second, "ours", "theirs", 2.0)
    criterion = aim.judge(held)
    assert criterion.ratios == pytest.approx((2.0, 3.0, 1.0))
    assert ratios.middle(criterion) == pytest.approx(2.0)  # of the medians it would be 1.0
    assert ratios.spread(criterion) == pytest.approx((1.0, 3.0))
    assert ratios.met(criterion)


@pytest.mark.parametrize(
    ("value", "aim", "at_least", "met"),
    [(2.0, 2.0, True, True), (1.99, 2.0, True, False), (1.0, 1.0, False, True), (1.01, 1.0, False, False)],
)
def test_an_aim_is_reached_from_its_own_side(value: float, aim: float, at_least: bool, met: bool) -> None:
    criterion = Criterion(name="it", aim=aim, at_least=at_least, ratios=(value,))
    assert ratios.met(criterion) is met


def test_good_images_count_by_what_was_written() -> None:
    held = [{"all": run(10, 100, 100), "half": run(12, 200, 96)}]
    aim = Aim("good", ratios.images_per_second, "half", "all", 0.8)
    assert aim.judge(held).ratios == pytest.approx((0.8,))
    assert ratios.items_per_second(held[0]["half"]) > ratios.images_per_second(held[0]["half"])
