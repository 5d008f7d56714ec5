"""What `remote build --out DIR` asked for, kept in DIR: the same command again goes on, and builds nothing twice."""

import hashlib
import uuid
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.cli.exits import InputError
from builder.spec import DatasetSpec

FILE = "remote.json"


class Errand(BaseModel):
    """`once` makes repetitions of a request one (see `Client.create`); `dataset` is None until it is answered."""

    model_config = ConfigDict(frozen=True)

    api: str
    request: str  # SHA-256, hex
    once: str
    dataset: str | None = None

    def keep(self, folder: Path) -> None:
        """Write it down, whole or not at all."""
        part = folder / f".{FILE}.part"
        part.write_text(self.model_dump_json())
        part.replace(folder / FILE)


def errand(folder: Path, api: str, spec: DatasetSpec, max_cost: float | None) -> Errand:
    """The errand that the folder has, or else a new one, which it then has.

    Raises InputError when the folder has another.
    """
    request = hashlib.sha256(f"{spec.model_dump_json()} {max_cost}".encode()).hexdigest()
    try:
        found = Errand.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        new = Errand(api=api, request=request, once=str(uuid.uuid4()))
        new.keep(folder)
        return new
    except ValidationError:
        msg = f"{folder / FILE} is damaged: choose another folder, or remove it"
        raise InputError(msg) from None
    if (found.api, found.request) != (api, request):
        what = found.dataset or "another request"
        msg = f"{folder} is for {what}: choose another folder, or remove {folder / FILE}"
        raise InputError(msg)
    return found
