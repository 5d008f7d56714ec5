"""`python -m bench`: the builder beside its peers, on one corpus, in one run. `make bench` calls this."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench import contests, peers, runner, table, verdicts
from bench import results as kept
from bench.contests import BUILDER, CLEANVISION, IMG2DATASET, Contest, Field
from bench.corpus import Corpus, make_corpus
from bench.damage import DAMAGED_FROM, make_damaged
from bench.errors import BenchError
from bench.load import requests_per_second
from bench.machine import this_machine
from bench.photos import photographs
from bench.results import CorpusFacts, Results, ServerFacts, VerdictCell
from bench.servers import Servers, serving
from bench.steps import measure_steps

STEPS = "steps"
_KEYS = (*(contest.key for contest in contests.ALL), STEPS)
_LOAD_REQUESTS = 10_000
_STEPS_SECONDS = 60
_WARM_UP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for on the command line."""

    photos: Path | None
    rounds: int
    count: int
    contests: tuple[Contest, ...]
    steps: bool
    work: Path
    page: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 when it ran (whatever the verdicts), 1 when it could not."""
    plan = _plan(arguments)
    signal.signal(signal.SIGTERM, _end)  # as Ctrl-C: what runs is ended too
    console = Console(highlight=False, soft_wrap=True)
    try:
        results = _run(plan, console)
    except BenchError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted; contests that were finished are kept")
        return 130
    console.print(table.markdown(results), markup=False)
    return 0


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def _plan(arguments: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of photographs; those in installed packages without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=contests.COUNT, help="URLs in a list; fewer only for a quick look")
    parser.add_argument("--only", default="", help=f"some of these, with commas: {','.join(_KEYS)}")
    parser.add_argument("--work", type=Path, default=Path(".bench"), help="corpus, environments, results (gigabytes)")
    parser.add_argument("--page", type=Path, help="write the tables into this Markdown page")
    parser.add_argument("--show", action="store_true", help="run nothing: tables from the results that are there")
    parsed = parser.parse_args(arguments)
    if parsed.rounds < 1 or parsed.count < contests.WARM_UP:
        parser.error(f"--rounds must be at least 1, --count at least {contests.WARM_UP}")
    only = [] if parsed.show else parsed.only.split(",") if parsed.only else list(_KEYS)
    if unknown := sorted(set(only) - set(_KEYS)):
        parser.error(f"--only knows {', '.join(_KEYS)}; not {', '.join(unknown)}")
    return Plan(
        photos=parsed.photos,
        rounds=parsed.rounds,
        count=parsed.count,
        contests=contests.chosen(only, parsed.count),
        steps=STEPS in only,
        work=parsed.work.resolve(),
        page=parsed.page,
    )


def _run(plan: Plan, console: Console) -> Results:
    # Quick looks at fewer pictures are kept apart from what is compared over time.
    name = "results" if plan.count == contests.COUNT else f"results-{plan.count}"
    stored = plan.work / f"{name}.json"
    if plan.contests or plan.steps:
        results = _measure(plan, stored, console)
    else:
        earlier = kept.load(stored)
        if earlier is None:
            msg = f"no results in {stored} yet: make bench"
            raise BenchError(msg)
        results = earlier
    if plan.page is not None:
        table.write_into(plan.page, results)
    return results


def _measure(plan: Plan, stored: Path, console: Console) -> Results:
    everybody = [each for contest in plan.contests for each in contest.contestants]
    seconds = plan.rounds * sum(each.seconds for each in everybody) * plan.count / contests.COUNT
    seconds += _WARM_UP_SECONDS * len(plan.contests) + _STEPS_SECONDS * plan.steps
    console.print(
        f"About {seconds / 60:.0f} minutes on two cores, after some minutes of preparation the first time "
        f"(corpus and peers, kept in {plan.work}). Leave the machine alone meanwhile."
    )
    found = {
        IMG2DATASET: peers.img2dataset(plan.work / "envs"),
        CLEANVISION: peers.cleanvision(plan.work / "envs"),
    }
    count = max(plan.count, DAMAGED_FROM, *(each.urls or 0 for each in everybody))
    console.print(f"corpus of {count:,} pictures...")
    corpus = make_corpus(photographs(plan.photos), count, plan.work / "corpus")
    damaged = make_damaged(corpus, plan.work / "damaged")
    with ExitStack() as stack:
        servers = stack.enter_context(serving(corpus.folder, plan.work / "servers"))
        field = Field(corpus, servers, found, damaged, plan.work)
        # What was measured on another corpus says nothing beside this one: only what is the same is kept.
        results = _begin(kept.load(stored), Results(
            machine=this_machine(found), corpus=_corpus_facts(plan.photos, corpus), server=_server_facts(field)
        ))  # fmt: skip
        for contest in plan.contests:
            held = runner.hold(contest, field, plan.rounds, console)
            update: dict[str, object] = {"contests": {**results.contests, contest.key: held}}
            if contest.key == "validate":
                update["verdicts"] = _verdicts(contest, field)
            results = results.model_copy(update=update)
            kept.save(results, stored)
        if plan.steps:
            results = results.model_copy(update={"steps": measure_steps(field, console)})
            kept.save(results, stored)
    return results


def _begin(earlier: Results | None, now: Results) -> Results:
    if earlier is None or (earlier.machine, earlier.corpus.source) != (now.machine, now.corpus.source):
        return now
    return now.model_copy(update={"contests": earlier.contests, "steps": earlier.steps, "verdicts": earlier.verdicts})


def _corpus_facts(photos: Path | None, corpus: Corpus) -> CorpusFacts:
    told = corpus.statistics
    return CorpusFacts(
        source="a folder of one's own" if photos else "those in scikit-image and scikit-learn",
        photographs=told.photographs,
        pictures=told.pictures,
        mean_bytes=told.mean_bytes,
        median_bytes=told.median_bytes,
        largest_bytes=told.largest_bytes,
        near_duplicates=told.near_duplicates,
    )


def _server_facts(field: Field) -> ServerFacts:
    servers: Servers = field.servers
    lists = [
        contests.url_list(field, len(field.corpus.pictures), https=https).read_text().split() for https in (False, True)
    ]
    plain, encrypted = (
        requests_per_second(urls, _LOAD_REQUESTS, ca_file)
        for urls, ca_file in zip(lists, (None, servers.ca_file), strict=True)
    )
    return ServerFacts(software=servers.software, http_per_second=plain, https_per_second=encrypted)


def _verdicts(contest: Contest, field: Field) -> tuple[VerdictCell, ...]:
    """Of what the last round of `validate` left behind."""
    by_name = {contestant.name: contestant for contestant in contest.contestants}
    issues = verdicts.of_cleanvision(runner.output_of(by_name[CLEANVISION], field))
    found = verdicts.of_builder(runner.log_of(by_name[BUILDER], field))
    return verdicts.compare(sorted(path.name for path in field.damaged.iterdir()), issues, found)


if __name__ == "__main__":
    sys.exit(main())
