"""A client of the app's HTTP API, as far as `python -m local run` needs it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from builder.spec import DatasetSpec

TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two bytes
PIECE = 1 << 20

State = Literal["queued", "building", "ready", "incomplete", "failed", "cancelled", "deleting"]
FINAL: frozenset[State] = frozenset({"ready", "incomplete", "failed", "cancelled"})


class ApiError(Exception):
    """The API gave no usable answer; the message is a sentence for people."""


class RefusedError(ApiError):
    """The API answered with a problem document (RFC 9457): the request is at fault, or the thing is not there."""


class Answer(BaseModel):
    """Base of what the API answers; fields that this client has no use for are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LabelProgress(Answer):
    """How far one label is, in images; `reasons` counts the rejected, failed and duplicate ones."""

    label: str
    target: int
    found: int = 0
    fetched: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    duplicates: int = 0
    surplus: int = 0
    reasons: dict[str, int] = {}


class SourceFailure(Answer):
    """Why a source gave less than it might have: one of `builder.errors.SOURCE_FAILURES`, and a sentence."""

    kind: str
    message: str


class SourceProgress(Answer):
    """What one source gave for one label."""

    label: str
    source: str
    found: int = 0
    error: SourceFailure | None = None


class Progress(Answer):
    """All labels and sources."""

    labels: tuple[LabelProgress, ...] = ()
    sources: tuple[SourceProgress, ...] = ()


class Dataset(Answer):
    """A dataset and how far it is."""

    id: str
    name: str
    state: State
    stage: str | None = None
    progress: Progress = Progress()
    error: str | None = None


class ExportFile(Answer):
    """One file of an export; `sha256` in hex."""

    name: str
    bytes: int
    sha256: str


class Export(Answer):
    """A complete export."""

    format: str
    files: tuple[ExportFile, ...]


class _Exports(Answer):
    exports: tuple[Export, ...]


class _Link(Answer):
    url: str


class Problem(Answer):
    """RFC 9457, with this API's list of what is wrong where."""

    class Fault(Answer):
        """A JSON pointer or parameter, and what is wrong with it."""

        pointer: str = ""
        detail: str = ""

    title: str = ""
    detail: str = ""
    errors: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        """One line for people."""
        faults = "; ".join(f"{fault.pointer or 'request'}: {fault.detail}" for fault in self.errors)
        return " ".join(part for part in (self.detail or self.title, f"({faults})" if faults else "") if part)


class Client:
    """Asks the API at `base` (with /api/v1, no trailing slash) with an API key. Every method raises ApiError."""

    def __init__(self, base: str, key: str | None = None) -> None:
        self.base = base
        self._credentials = {"Authorization": f"Bearer {key}"} if key else {}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between this machine and itself

    def create(self, spec: DatasetSpec) -> Dataset:
        """Ask for a dataset; RefusedError if the request is not accepted."""
        return Dataset.model_validate_json(self._ask("POST", "/datasets", spec.model_dump_json(exclude_defaults=True)))

    def dataset(self, dataset: str) -> Dataset:
        """The dataset with its progress."""
        return Dataset.model_validate_json(self._ask("GET", f"/datasets/{dataset}"))

    def cancel(self, dataset: str) -> None:
        """Stop building; RefusedError if there is nothing to stop."""
        self._ask("POST", f"/datasets/{dataset}/cancel")

    def exports(self, dataset: str) -> tuple[Export, ...]:
        """The exports that are complete."""
        return _Exports.model_validate_json(self._ask("GET", f"/datasets/{dataset}/exports")).exports

    def download(self, dataset: str, export: str, file: str) -> Iterator[bytes]:
        """The bytes of an export's file, in pieces."""
        path = f"/datasets/{dataset}/exports/{quote(export)}/link?file={quote(file, safe='')}"
        link = _Link.model_validate_json(self._ask("GET", path))
        try:
            with self._session.get(link.url, timeout=TIMEOUT, stream=True) as response:
                response.raise_for_status()
                yield from response.iter_content(PIECE)
        except requests.RequestException as error:
            # Not the error's own words: they hold the whole link, and with it the signature that lets anybody in.
            status = f"{error.response.status_code}" if error.response is not None else type(error).__name__
            msg = f"the download of {file} failed ({status})"
            raise ApiError(msg) from None

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        # Not on the session, which follows download links to other hosts too.
        headers = {**self._credentials, **({"Content-Type": "application/json"} if body is not None else {})}
        try:
            response = self._session.request(method, self.base + path, data=body, headers=headers, timeout=TIMEOUT)
            content = response.content
        except requests.RequestException as error:
            msg = f"the API at {self.base} does not answer: {error}"
            raise ApiError(msg) from error
        if response.ok:
            return content
        kind = ApiError if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else RefusedError
        try:
            problem = str(Problem.model_validate_json(content))
        except ValidationError:
            problem = content.decode(errors="replace")[:200]
        msg = f"the API answered {response.status_code} to {method} {path.partition('?')[0]}: {problem}"
        raise kind(msg)
