"""The tables of docs/cost.md."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bench.cost import prices
from bench.cost.bill import NAMES, Model, amounts, quantities
from bench.cost.build import LABELS, Run
from bench.cost.idle import OPTIONAL, Line
from bench.cost.larger import ORDINARY, larger
from bench.cost.larger import SIZES as PICTURES
from bench.results import Machine

BEGIN, END = "<!-- written by make cost: begin -->", "<!-- written by make cost: end -->"
SIZES = (1_000, 100_000, 10_000_000)
MOST_TRANSACTIONS, MOST_UNITS, MOST_USD = 0.3, 3.0, 0.10
_TARGET_SIZE = 100_000


def markdown(machine: Machine, small: Run, large: Run, months: Mapping[str, Sequence[Line]]) -> str:
    """Everything, measured and derived."""
    model = Model.of(small, large)
    parts = (
        _conditions(machine, small, large),
        _targets(model),
        _larger(model),
        _measured(small, large, model),
        _bills(model),
    )
    return "\n".join((*parts, _looks(small, large), _months(months), _prices()))


def _conditions(machine: Machine, small: Run, large: Run) -> str:
    builds = " and ".join(
        f"{run.images:,} images out of {run.candidates:,} candidates, {run.shards:.0f} shards, {run.wall_seconds:.0f} s"
        for run in (small, large)
    )
    return (
        f"- {datetime.now(UTC):%Y-%m-%d}: {machine.processor}, {machine.processors} processors, {machine.system}, "
        f"Python {machine.python}.\n- Built: {builds}, {LABELS} labels each, one export with images.\n"
    )


def _targets(model: Model) -> str:
    found = model.at(_TARGET_SIZE)
    each = {name: value / _TARGET_SIZE for name, value in found.items()}
    app = sum(value for name, value in each.items() if name.startswith("storage_"))
    worst = found["actions"] * prices.ACTION_AT_WORST / _TARGET_SIZE * 1_000
    here, ordinary = larger(model, _TARGET_SIZE), larger(model, _TARGET_SIZE, ORDINARY)
    rows = [
        (
            "storage transactions an image",
            MOST_TRANSACTIONS,
            ordinary.transactions,
            f"{here.transactions:.3f} with the small pictures of here, {app:.3f} of it by the app",
        ),
        ("request units an image", MOST_UNITS, each["request_unit"], ""),
        (
            "USD for 1,000 images",
            MOST_USD,
            ordinary.usd,
            f"{ordinary.usd + worst:.2f} if an action costs {prices.ACTION_AT_WORST} USD, see below",
        ),
    ]
    heads = (f"at {_TARGET_SIZE:,} images, {ORDINARY / 1_000:,.0f} KB a picture", "at most", "found", "verdict", "")
    return _table(heads, ((n, f"{m:g}", f"**{v:.3f}**", "met" if v <= m else "**not met**", w) for n, m, v, w in rows))


def _larger(model: Model) -> str:
    found = [larger(model, _TARGET_SIZE), *(larger(model, _TARGET_SIZE, size) for size in PICTURES)]
    rows = (
        (
            f"{one.size / 1_000:,.0f} KB{', as here' if number == 0 else ''}",
            f"{one.transactions:.3f}",
            "met" if one.transactions <= MOST_TRANSACTIONS else "**not met**",
            f"{one.usd:.4f}",
            "met" if one.usd <= MOST_USD else "**not met**",
        )
        for number, one in enumerate(found)
    )
    heads = ("a picture as it comes", "storage transactions an image", "at most 0.3", "USD for 1,000", "at most 0.10")
    return _table(heads, rows)


def _measured(small: Run, large: Run, model: Model) -> str:
    before, after = quantities(small), quantities(large)
    rows = (
        (
            NAMES[name],
            _number(before[name]),
            _number(after[name]),
            _number(model.fixed[name]),
            _number(model.each[name] * 1_000),
        )
        for name in NAMES
    )
    kinds = ", ".join(f"{kind} {count:.0f}" for kind, count in sorted(large.counted.actions.items()))
    heads = ("measured", f"{small.images:,} images", f"{large.images:,} images", "fixed", "each 1,000 images")
    return _table(heads, rows) + f"\nDurable actions of the larger build: {kinds}.\n"


def _bills(model: Model) -> str:
    found = {size: model.at(size) for size in SIZES}
    cost = {size: amounts(found[size]) for size in SIZES}
    rows = [(NAMES[name], *(_usd(cost[size][name]) for size in SIZES)) for name in cost[SIZES[0]]]
    rows.append(("**a build**", *(f"**{_usd(sum(cost[size].values()))}**" for size in SIZES)))
    rows.append(("for 1,000 images", *(_usd(sum(cost[size].values()) / size * 1_000) for size in SIZES)))
    keeping = (
        _usd(prices.STORED.of(one["stored_gigabytes"]) + prices.DOCUMENTS.of(one["document_gigabytes"]))
        for one in found.values()
    )
    rows.append(("keeping it, a month", *keeping))
    worst = (_usd(found[size]["actions"] * prices.ACTION_AT_WORST) for size in SIZES)
    rows.append((f"durable actions, at {prices.ACTION_AT_WORST} USD each", *worst))
    return _table((f"{prices.CURRENCY} for images", *(f"{size:,}" for size in SIZES)), rows)


def _looks(small: Run, large: Run) -> str:
    return (
        f"Asking for the state of a dataset took {small.look_units:.0f} RU with {small.shards:.0f} shards and "
        f"{large.look_units:.0f} RU with {large.shards:.0f}; asking again, when nothing had changed, "
        f"{large.again_units:.0f} RU.\n"
    )


def _months(months: Mapping[str, Sequence[Line]]) -> str:
    rows: list[tuple[str, ...]] = []
    for name, lines in months.items():
        rows += [(name, line.name, _usd(line.amount)) for line in lines]
        rows.append((f"**{name}**", "**a month without a build**", f"**{_usd(sum(one.amount for one in lines))}**"))
    rows += [("optional", line.name, _usd(line.amount)) for line in OPTIONAL]
    return _table(("environment", "idle", f"{prices.CURRENCY} a month"), rows)


def _prices() -> str:
    rows = ((one.name, f"{one.amount:g}", one.unit, one.page) for one in prices.TABLE)
    told = f"List prices as known {prices.AS_OF}, {prices.REGION}, {prices.CURRENCY}"
    return _table((told, "price", "for", "azure.microsoft.com/pricing/details/"), rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004


def _usd(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in (heads, ["---"] * len(heads), *rows))
