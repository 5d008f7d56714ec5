"""The app's settings: one frozen object, read once from the app settings (environment variables)."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.issuers import Issuers
from shared.prices import Prices
from shared.sealing_keys import SealingKeys


class Settings(BaseSettings):
    """Names are those of `local.settings.sample.json`; every field but the storage ones is prefixed PIXCRAWLER_."""

    model_config = SettingsConfigDict(
        env_prefix="PIXCRAWLER_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,  # some values are secrets, and what is wrong at start is logged
    )

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

    issuers: Issuers = Field(default=(), description="of bearer tokens: a JSON list of `shared.issuers.Issuer`")
    token_leeway_seconds: int = Field(default=60, ge=0, le=600, description="between the issuers' clocks and ours")
    jwks_cache_seconds: float = Field(
        default=3600, ge=60, description="how long an issuer's keys are not asked for again"
    )
    jwks_refetch_seconds: float = Field(default=30, ge=1, description="unless a new one is named: then this often")
    key_cache_seconds: float = Field(
        default=10, ge=0, le=300, description="how long a process goes on believing an API key that has been revoked"
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

    sealing_keys: SealingKeys = Field(
        default=SecretStr(""),
        description="Fernet keys that seal the secrets of webhooks at rest, comma-separated, newest first; empty: "
        "they are kept unsealed",
    )
    webhook_pauses: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(5, 60, 300, 1800, 7200, 14400, 28800),
        max_length=20,
        description="seconds between the attempts to deliver an event to a webhook, as a JSON list",
    )

    audit_days: int = Field(default=400, ge=1, le=20_000, description="how long lines of the audit trail are kept")
    take_down_seconds: float = Field(
        default=60.0, gt=0, description="how old a process's copy of a tenant's take-downs may be"
    )
    retention_days: int | None = Field(
        default=None, ge=1, le=36_500, description="after its end, of datasets that do not say themselves; none: kept"
    )
    retention_then: Literal["delete", "cool"] = Field(
        default="delete", description="what becomes of them then: removed, or moved to the cool access tier"
    )
    upload_days: int | None = Field(
        default=None, ge=1, le=36_500, description="after which uploads that no build needs are removed; none: kept"
    )
    export_days: int = Field(default=7, ge=1, le=90, description="how long a tenant's export can be downloaded")

    accept_builds: bool = Field(
        default=True, description="false: nothing new is built, what is being built goes on; to drain before a change"
    )
    shard_wait_seconds: int = Field(
        default=60, ge=1, description="how long a build waits for the blob trigger before it validates by itself"
    )
    max_rounds: int = Field(default=30, ge=1, description="searches per label before it counts as dry")
    max_shards_per_round: int = Field(
        default=150, ge=1, le=300, description="of a label: 30 rounds reach 100,000 images if a third is let in"
    )
    events_interval_seconds: float = Field(
        default=1.0, gt=0, description="between two looks at a dataset with listeners"
    )
    events_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="of silence, after which listeners are sent a comment; Azure cuts after 230"
    )
    events_minutes: float = Field(default=10.0, gt=0, description="a stream of events ends then; clients come back")
    link_minutes: int = Field(default=60, ge=1, le=1440, description="how long a download link works")
    link_host: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.:-]*$",
        description="host that signed links lead to: a proxy of the storage account's; empty: the account itself",
    )
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
    max_upload_entries: int = Field(default=50_000, ge=1, description="files in an uploaded archive")
    max_upload_unpacked_bytes: int = Field(
        default=1_000_000_000, ge=1_000, description="what an uploaded archive may unpack to"
    )

    requests_per_second: float = Field(
        default=50.0, ge=0, description="of one principal, over time, at one instance of the app; 0: no limit"
    )
    requests_burst: int = Field(default=500, ge=1, description="of one principal, at once")
    refused_per_minute: float = Field(
        default=60.0, ge=0, description="requests with wrong credentials from one address, over time; 0: no limit"
    )
    refused_burst: int = Field(
        default=100, ge=1, description="requests with wrong credentials from one address, at once"
    )
    open_streams: int = Field(
        default=200, ge=1, description="of events, of one principal at once, at one instance of the app"
    )
    api_keys: int = Field(default=200, ge=1, description="that count, of a tenant; operators may make more")
    quota_concurrent_builds: int = Field(default=10, ge=0, description="of a tenant, unless an operator set another")
    quota_images_per_month: int = Field(default=1_000_000, ge=0, description="of a tenant, by calendar month (UTC)")
    quota_stored_bytes: int = Field(
        default=500_000_000_000, ge=0, description="of a tenant's datasets and uploads, together"
    )
    prices: Prices = Field(
        default=Prices(), description="the price table, as JSON; what it leaves out is as by default"
    )
    proxy_hops: int = Field(
        default=1, ge=0, description="proxies in front that add to X-Forwarded-For; 0: the header is not believed"
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
