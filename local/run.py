"""Builds one dataset through the HTTP API, starting the stack if none runs, and leaves it unpacked in a folder."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from builder.remote.client import Client
from builder.remote.errors import ApiError
from builder.remote.models import FINAL, Dataset
from builder.remote.transport import Waiting
from builder.spec import DatasetSpec, LabelSpec, SourceName, slugify
from local import first_key
from local.azurite import NotInstalledError
from local.config import StackSettings, in_words
from local.display import Bars, table
from local.first_key import FirstKeyError
from local.outcome import judge
from local.services import Stages, answers_ok, stack
from local.supervisor import StackError, Supervisor
from local.unpack import TargetError, UnpackError, check_target, staged, unpack
from local.up import interruptible

SAMPLE_LABELS = ("landscape", "plant", "vehicle")
SAMPLE_IMAGES = 40
WEB_IMAGES = 100
WEB_SOURCES: tuple[SourceName, ...] = ("duckduckgo", "bing")
EXPORT = "imagefolder"
POLL_SECONDS = 0.3
SAMPLE_FETCH_SECONDS = 5.0
"""Everything in the gallery is near: what takes longer is one of its drips."""
SILENCE_SECONDS = 15.0
"""How long the API may fail to answer before that counts as an error."""


LOG_WIDTH = 160
"""Columns of the table where there is no terminal to measure."""


class TooLongError(Exception):
    """The build did not end within the time limit."""


@dataclass(frozen=True)
class Wish:
    """What to build, from where, and where to put it."""

    spec: DatasetSpec
    out: Path
    time_limit: float  # seconds

    @property
    def folder(self) -> Path:
        """Where the dataset will lie."""
        return self.out / slugify(self.spec.name)


def wish(
    keywords: str | None,
    *,
    images: int | None = None,
    name: str | None = None,
    sources: tuple[SourceName, ...] = (),
    out: Path = Path("out"),
    time_limit: float = 3600.0,
) -> Wish:
    """A wish from what was typed: no keywords means the sample. ValueError, in a sentence, if it makes no sense."""
    labels = SAMPLE_LABELS if keywords is None else tuple(word.strip() for word in keywords.split(",") if word.strip())
    if not labels:
        msg = "no keyword is given: name what you want pictures of, separated by commas"
        raise ValueError(msg)
    if images is None:
        images = SAMPLE_IMAGES if keywords is None else WEB_IMAGES
    try:
        spec = DatasetSpec(
            name=name or ("sample" if keywords is None else slugify(" ".join(labels))),
            labels=tuple(LabelSpec(name=label) for label in labels),
            images_per_label=images,
            sources=sources or (("sample",) if keywords is None else WEB_SOURCES),
            exports=(EXPORT,),
        )
    except ValidationError as error:
        raise ValueError(in_words(error)) from None
    return Wish(spec, out, time_limit)


def run(wanted: Wish, settings: StackSettings, *, stages: Stages | None = None, console: Console | None = None) -> int:
    """Build and unpack. Exit codes: 0 there are images, 1 none or a failure, 2 it cannot start, 130 interrupted."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    if wanted.spec.sources == ("sample",) and "fetch_seconds" not in settings.model_fields_set:
        settings = settings.model_copy(update={"fetch_seconds": SAMPLE_FETCH_SECONDS})

    def fail(sentence: str, code: int) -> int:
        console.print(sentence, markup=False, soft_wrap=True)
        return code

    try:
        with interruptible():
            check_target(wanted.folder)
            with _running_stack(settings, stages, console) as check:
                # No proxy stands between this machine and itself; a stack that has ended is not waited for.
                waiting = Waiting(SILENCE_SECONDS, told=lambda _: check())
                client = Client(settings.api, first_key.read(settings.data), waiting=waiting, proxies=False)
                return _build(client, wanted, check, console)
    except KeyboardInterrupt:
        return fail("Interrupted.", 130)
    except StackError as error:
        return fail(str(error), error.exit_code)
    except (NotInstalledError, TargetError) as error:
        return fail(str(error), 2)
    except (ApiError, FirstKeyError, TooLongError, UnpackError) as error:
        return fail(str(error), 1)
    except OSError as error:
        what = error.filename or wanted.out
        return fail(f"{what} cannot be written: {error.strerror or error}. The dataset stays in the stack.", 1)


@contextmanager
def _running_stack(settings: StackSettings, stages: Stages | None, console: Console) -> Iterator[Callable[[], None]]:
    """A stack that answers: the one that runs already, or one of our own. Yields a check that it still runs."""
    if answers_ok(f"{settings.api}/health/ready"):
        console.print(f"[dim]Using the stack that runs at {settings.api}")
        yield lambda: None
        return
    stages = stack(settings) if stages is None else stages
    with ExitStack() as running:
        with console.status("Starting the local stack..."):
            supervisor = Supervisor(stages, settings.data, start_seconds=settings.start_seconds)
            running.enter_context(supervisor)
        yield supervisor.check


def _build(client: Client, wanted: Wish, check: Callable[[], None], console: Console) -> int:
    started = time.monotonic()
    dataset = client.create(wanted.spec)
    try:
        dataset = _wait(client, dataset, started + wanted.time_limit, check, console)
    except KeyboardInterrupt:
        console.print(f"The dataset {dataset.id} stays; its build goes on whenever the stack runs.", soft_wrap=True)
        raise
    outcome = judge(dataset)
    where = None
    if outcome.exit_code == 0:
        with staged(wanted.folder, dataset.id) as part:
            _fetch_export(client, dataset.id, part)
        where = str(wanted.folder)
    console.print(table(dataset, time.monotonic() - started, where))
    for sentence in outcome.sentences:
        console.print(sentence, markup=False, soft_wrap=True)
    return outcome.exit_code


def _wait(client: Client, dataset: Dataset, deadline: float, check: Callable[[], None], console: Console) -> Dataset:
    """Watch until the dataset is in a final state; TooLongError, and the build is cancelled, at the deadline."""
    with Bars(console) as bars:
        while dataset.state not in FINAL:
            check()
            if time.monotonic() > deadline:
                client.cancel(dataset.id)
                msg = f"The build took longer than its time limit and was cancelled; its id is {dataset.id}."
                raise TooLongError(msg)
            time.sleep(POLL_SECONDS)
            dataset = client.dataset(dataset.id)
            bars.show(dataset)
    return dataset


def _fetch_export(client: Client, dataset: str, part: Path) -> None:
    """Download every file of the export and unpack it into `part`."""
    export = next((one for one in client.exports(dataset) if one.format == EXPORT), None)
    if export is None:
        msg = f"the dataset {dataset} has no export `{EXPORT}`"
        raise ApiError(msg)
    archives = part / ".download"
    for file in export.files:
        archive = client.download(dataset, EXPORT, file, archives)
        unpack(archive, part)
        archive.unlink()
    shutil.rmtree(archives)
