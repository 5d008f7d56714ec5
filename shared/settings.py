"""The app's settings: one frozen object, read once from the app settings (environment variables)."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names are those of `local.settings.sample.json`; every field but the storage ones is prefixed PIXCRAWLER_."""

    model_config = SettingsConfigDict(env_prefix="PIXCRAWLER_", frozen=True, extra="ignore", populate_by_name=True)

    storage_connection: SecretStr | None = Field(
        default=None, alias="AzureWebJobsStorage", description="connection string, for Azurite; on Azure the URI below"
    )
    storage_blob_uri: str | None = Field(default=None, alias="AzureWebJobsStorage__blobServiceUri")
    storage_client_id: str | None = Field(default=None, alias="AzureWebJobsStorage__clientId")
    blob_trigger_source: Literal["EventGrid", "LogsAndContainerScan"] = "EventGrid"

    cosmos_endpoint: str = "http://127.0.0.1:8081"
    cosmos_key: SecretStr | None = Field(default=None, description="none: managed identity")
    cosmos_database: str = "pixcrawler"
    create_resources: bool = Field(
        default=False, description="make missing containers at first use; on Azure the infrastructure makes them"
    )

    contact: str = Field(default="https://github.com/pixcrawler", description="in the User-Agent, for site owners")
    sample_url: str | None = Field(default=None, description="base URL of the gallery behind the source `sample`")
    fetch_allow: str = Field(default="", description="exceptions of the address guard: ip:port, comma-separated")
    fetch_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="for one candidate, retries and redirects included; waiting for its turn does not count",
    )
    fetch_concurrency: int = Field(default=64, ge=1, le=256, description="requests at once in one process")
    robots: bool = Field(default=True, description="keep to the robots.txt of every host")
    opt_outs: bool = Field(default=True, description="heed X-Robots-Tag and TDM reservations")
    take_down_list: Annotated[Path | None, BeforeValidator(lambda told: told or None)] = Field(
        default=None,
        description="file of URLs, host:... and sha256:... never to be fetched, read at a process's first fetch; "
        "empty: none",
    )
    search_proxy: str | None = Field(default=None, description="proxy URL for the web search engines")
    search_ca_file: str | None = Field(default=None, description="PEM file of the authority behind that proxy")

    webhook_pauses: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(5, 60, 300, 1800, 7200, 14400, 28800),
        max_length=20,
        description="seconds between the attempts to deliver an event to a webhook, as a JSON list",
    )

    shard_wait_seconds: int = Field(
        default=60, ge=1, description="how long a build waits for the blob trigger before it validates by itself"
    )
    max_rounds: int = Field(default=30, ge=1, description="searches per label before it counts as dry")
    max_shards_per_round: int = Field(default=50, ge=1, le=300)
    events_interval_seconds: float = Field(
        default=1.0, gt=0, description="between two looks at a dataset with listeners"
    )
    events_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="of silence, after which listeners are sent a comment; Azure cuts after 230"
    )
    events_minutes: float = Field(default=10.0, gt=0, description="a stream of events ends then; clients come back")
    link_minutes: int = Field(default=60, ge=1, le=1440, description="how long a download link works")
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: coloured where a terminal shows it, JSON elsewhere"
    )
    telemetry: Literal["auto", "console", "prometheus", "off"] = Field(
        default="auto",
        description="where metrics and traces go. auto: to Azure Monitor and OTLP where those are set; console and "
        "prometheus (metrics only) beside them; off: nowhere",
    )
    application_insights: SecretStr | None = Field(default=None, alias="APPLICATIONINSIGHTS_CONNECTION_STRING")
    otlp_endpoint: str = Field(default="", alias="OTEL_EXPORTER_OTLP_ENDPOINT", description="of a collector, OTLP/HTTP")
    max_upload_bytes: int = Field(default=256_000_000, ge=1_000)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
