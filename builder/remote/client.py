"""The API's client: datasets, their images and their exports."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from builder.remote.download import Download
from builder.remote.errors import RefusedError
from builder.remote.models import (
    Answer,
    Dataset,
    Datasets,
    Estimate,
    Export,
    ExportFile,
    Exports,
    Image,
    Images,
    Link,
    State,
    understood,
)
from builder.remote.transport import Transport, Waiting, base_of
from builder.remote.watch import Watch
from builder.spec import DatasetSpec


class Client:
    """Asks the API at `base`, with or without its /api/v1, with an API key or an access token.

    A request that gets no answer, 429 or 503 is sent again, after as long as the API asks for, until `waiting` has no
    patience left; a dataset is made once all the same. Every method raises RefusedError when the API says no, ApiError
    when it does not say anything of use. Not to be shared by threads.
    """

    def __init__(
        self,
        base: str,
        key: str | None = None,
        *,
        waiting: Waiting | None = None,
        proxies: bool = True,
        plain_http: bool = False,
    ) -> None:
        base = base_of(base, key=key, plain_http=plain_http)
        self._transport = Transport(base, key, waiting or Waiting(), proxies=proxies)

    @property
    def base(self) -> str:
        """Where the API is, with /api/v1."""
        return self._transport.base

    def create(self, spec: DatasetSpec, *, max_cost: float | None = None, once: str | None = None) -> Dataset:
        """Have a dataset built. Calls with the same `once` within a day make one dataset, whatever is lost on the way;
        without it, every call makes one."""
        headers = {"Idempotency-Key": once or str(uuid.uuid4())}
        return self._ask(Dataset, "POST", "/datasets", body=_request(spec, max_cost), headers=headers)

    def estimate(self, spec: DatasetSpec, *, max_cost: float | None = None) -> Estimate:
        """What a build would give and cost; nothing is stored."""
        return self._ask(Estimate, "POST", "/datasets", params={"dry_run": "true"}, body=_request(spec, max_cost))

    def dataset(self, dataset: str) -> Dataset:
        """The dataset with its progress."""
        return self._ask(Dataset, "GET", _path(dataset))

    def list(self, *, state: State | None = None, page_size: int = 100) -> Iterator[Dataset]:
        """All datasets, newest first, without their progress."""
        for page in self._pages(Datasets, "/datasets", page_size, {"state": state}):
            yield from page.datasets

    def watch(self, dataset: str, *, last_id: str | None = None) -> Watch:
        """What happens to the dataset, as it happens, to the final state; `last_id` goes on after an earlier event."""
        return Watch(self._transport, _id(dataset), last_id)

    def cancel(self, dataset: str) -> Dataset:
        """Stop building and keep what is there; RefusedError if there is nothing to stop."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._ask(Dataset, "POST", f"{_path(dataset)}/cancel", headers=headers)

    def delete(self, dataset: str) -> None:
        """Remove the dataset with all that is kept of it."""
        first = True

        def told(sentence: str) -> None:
            nonlocal first
            first = False
            waiting.told(sentence)

        waiting = self._transport.waiting
        try:
            self._transport.ask("DELETE", _path(dataset), told=told)
        except RefusedError as error:
            # Gone, as the answer to the first attempt would have said.
            if first or error.status != HTTPStatus.NOT_FOUND:
                raise

    def images(
        self,
        dataset: str,
        *,
        label: str | None = None,
        verdict: str | None = None,
        reason: str | None = None,
        page_size: int = 500,
    ) -> Iterator[Image]:
        """All candidates, or those of a label, a verdict, a reason."""
        filters = {"label": label, "verdict": verdict, "reason": reason}
        for page in self._pages(Images, f"{_path(dataset)}/images", page_size, filters):
            yield from page.images

    def image(self, dataset: str, key: str) -> bytes:
        """The stored bytes of one image."""
        path = f"{_path(dataset)}/images/{quote(key, safe='')}"
        return self._transport.ask("GET", path, headers={"Accept": "image/*"}).content

    def exports(self, dataset: str) -> tuple[Export, ...]:
        """The exports that are complete."""
        return self._ask(Exports, "GET", f"{_path(dataset)}/exports").exports

    def download(
        self,
        dataset: str,
        export: str,
        file: ExportFile,
        folder: Path,
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Path:
        """Download a file of an export into `folder`, under its name; returns where it is.

        See `builder.remote.download`: resumed, checked, and named only when it is whole.
        """
        path = f"{_path(dataset)}/exports/{quote(export, safe='')}/link"

        def link() -> str:
            return self._ask(Link, "GET", path, params={"file": file.name}).url

        transport = self._transport
        return Download(transport.session, link, file, transport.waiting, progress).into(folder)

    def _ask[A: Answer](
        self,
        model: type[A],
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> A:
        content = self._transport.ask(method, path, params=params, body=body, headers=headers).content
        return understood(model, content, f"{method} {path}")

    def _pages[A: (Datasets, Images)](
        self, model: type[A], path: str, size: int, filters: Mapping[str, str | None]
    ) -> Iterator[A]:
        params = {name: value for name, value in {"limit": str(size), **filters}.items() if value is not None}
        while True:
            page = self._ask(model, "GET", path, params=params)
            yield page
            if page.next is None:
                return
            params["cursor"] = page.next


def _request(spec: DatasetSpec, max_cost: float | None) -> bytes:
    from pydantic_core import to_json

    told: dict[str, Any] = spec.model_dump(mode="json", exclude_defaults=True)
    return to_json(told if max_cost is None else {**told, "max_cost": max_cost})


def _id(dataset: str) -> str:
    return quote(dataset, safe="")


def _path(dataset: str) -> str:
    return f"/datasets/{_id(dataset)}"
