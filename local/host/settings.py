"""What a host is told when it starts: the app, ports, keys, how often it polls, how long it waits at the end."""

import json
from collections.abc import MutableMapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from local.host.errors import SettingError


class HostSettings(BaseModel):
    """Settings of one host; times in seconds, sizes in bytes, port 0 means any free one."""

    model_config = ConfigDict(frozen=True)

    app: Path = Path("function_app.py")
    port: int = Field(default=7071, ge=0, le=65535)
    durable_port: int = Field(default=0, ge=0, le=65535)
    keys: tuple[SecretStr, ...] = ()
    blob_poll_seconds: float = Field(default=0.25, gt=0)
    queue_poll_seconds: float = Field(default=0.25, gt=0)
    grace_seconds: float = Field(default=10.0, ge=0)
    max_body_bytes: int = Field(default=104_857_600, ge=0)


def apply_local_settings(directory: Path, environment: MutableMapping[str, str]) -> None:
    """Add the `Values` of local.settings.json, if there is one, to `environment`, which wins; or SettingError."""
    path = directory / "local.settings.json"
    if not path.is_file():
        return
    try:
        values = json.loads(path.read_text(encoding="utf-8")).get("Values", {})
        for name, value in values.items():
            environment.setdefault(str(name), str(value))
    except (ValueError, AttributeError) as error:
        msg = f"{path} cannot be used: {error}; see local.settings.sample.json for its shape"
        raise SettingError(msg) from error
