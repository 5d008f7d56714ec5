"""Where the local stack listens and keeps its data: one frozen settings model."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from local import gallery

ROOT = Path(__file__).parent.parent
Port = Annotated[int, Field(ge=1, le=65_535)]


class StackSettings(BaseSettings):
    """Ports are of the loopback interface. Every field is an environment variable PIXCRAWLER_LOCAL_NAME."""

    model_config = SettingsConfigDict(env_prefix="PIXCRAWLER_LOCAL_", frozen=True, extra="ignore")

    host_port: Port = Field(default=7071, description="the HTTP API and the dashboard")
    durable_port: Port = Field(default=7072, description="the durable backend behind the host, gRPC")
    blob_port: Port = 10_000
    queue_port: Port = 10_001
    table_port: Port = 10_002
    cosmos_port: Port = 8081
    gallery_port: Port = Field(default=10_100, description="of the first site of the gallery; the others follow")
    data: Annotated[Path, AfterValidator(Path.absolute)] = Field(default=ROOT / ".local", description="and logs")
    start_seconds: float = Field(default=60, gt=0, description="how long a service may take until it answers")
    fetch_seconds: float = Field(default=10, gt=0, description="time limit of one download")

    @property
    def gallery_ports(self) -> tuple[int, ...]:
        """All ports of the gallery."""
        return gallery.ports(self.gallery_port)

    @property
    def api(self) -> str:
        """Base address of the HTTP API, without trailing slash."""
        return f"http://127.0.0.1:{self.host_port}/api/v1"

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        storage = (self.blob_port, self.queue_port, self.table_port)
        ports = (*storage, self.host_port, self.durable_port, self.cosmos_port, *self.gallery_ports)
        twice = sorted({str(port) for port in ports if ports.count(port) > 1})
        if twice:
            msg = f"every service needs a port of its own, but two share {', '.join(twice)}"
            raise ValueError(msg)
        if max(ports) > 65_535:  # noqa: PLR2004
            msg = f"the gallery's ports {self.gallery_ports} end above 65535"
            raise ValueError(msg)
        return self


def in_words(error: ValidationError) -> str:
    """What is wrong, and where, as a line for people."""
    faults = (
        (".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")) for fault in error.errors()
    )
    return "; ".join(f"{where}: {what}" if where else what for where, what in faults)
