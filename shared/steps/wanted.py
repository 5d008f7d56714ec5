"""Which labels are collected now, kept beside the plan and told in pages: orchestrators are told little at a time."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from shared.blobs import dataset_folder
from shared.tasks import LABELS_A_PAGE, Outline, PageTask, Plan, Task, WantedPage

WANTED = "wanted.json"


class WantedFile(BaseModel):
    """`wanted.json`. `order` is that of the first page and stays as long as the build: a label keeps its page."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    order: tuple[str, ...] = ()
    needs: dict[str, int] = {}
    rounds: dict[str, int] = {}  # the first round of this search, where it is not the first of all

    def pages(self) -> tuple[int, ...]:
        """The pages that have labels to collect."""
        return tuple(sorted({self.order.index(label) // LABELS_A_PAGE for label in self.needs}))


def begin(task: Task, planned: Plan) -> Outline:
    """Write down what the plan wants of each label, and tell the orchestrator the rest."""
    wanted = WantedFile(order=tuple(sorted(planned.labels)), needs=planned.labels, rounds=planned.rounds)
    if wanted.needs:
        _write(task, wanted)
    return Outline(
        pages=wanted.pages(),
        exports=planned.exports,
        shard_wait_seconds=planned.shard_wait_seconds,
        max_rounds=planned.max_rounds,
        merge=planned.merge,
    )


def more(task: Task, needs: Mapping[str, int]) -> tuple[int, ...]:
    """Write down what is wanted of labels that are short; returns their pages."""
    if not needs:
        return ()
    before = _read(task)
    order = (*before.order, *sorted(set(needs) - set(before.order)))
    wanted = before.model_copy(update={"order": order, "needs": dict(needs)})
    _write(task, wanted)
    return wanted.pages()


def page(task: PageTask) -> WantedPage:
    """The labels of one page that are to be collected, in order; none when nothing is written down (any more)."""
    wanted = _read(task)
    start = task.page * LABELS_A_PAGE
    labels = [label for label in wanted.order[start : start + LABELS_A_PAGE] if label in wanted.needs]
    return WantedPage(
        needs={label: wanted.needs[label] for label in labels},
        rounds={label: wanted.rounds[label] for label in labels if wanted.rounds.get(label, 1) > 1},
    )


def _read(task: Task) -> WantedFile:
    try:
        return WantedFile.model_validate_json(dataset_folder(task.dataset).read(WANTED))
    except FileNotFoundError:
        return WantedFile()


def _write(task: Task, wanted: WantedFile) -> None:
    dataset_folder(task.dataset).write(WANTED, wanted.model_dump_json().encode())
