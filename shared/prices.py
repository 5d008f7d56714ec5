"""The price table: what Azure takes for a unit of each thing that a build uses. It is a setting."""

from pydantic import BaseModel, ConfigDict, Field


class Prices(BaseModel):
    """Unit prices. The defaults are list prices as the authors knew them: nothing looks them up.

    Free grants and discounts are not taken into account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    as_of: str = Field(default="2025-06", description="when the prices were true")
    source: str = Field(
        default="Microsoft's public list prices, pay as you go, East US, as the authors knew them; put your own into "
        "PIXCRAWLER_PRICES",
        description="where the prices come from",
    )
    executions_million: float = Field(default=0.40, ge=0, description="Functions, Flex Consumption, on demand")
    gigabyte_second: float = Field(default=0.000026, ge=0, description="Functions, Flex Consumption, on demand")
    instance_gigabytes: float = Field(default=2.0, gt=0, description="memory of an instance")
    blob_writes_10000: float = Field(default=0.05, ge=0, description="Blob Storage, hot, LRS; lists cost the same")
    blob_reads_10000: float = Field(default=0.004, ge=0, description="Blob Storage, hot, LRS")
    blob_gigabyte_month: float = Field(default=0.018, ge=0, description="Blob Storage, hot, LRS")
    request_units_million: float = Field(default=0.25, ge=0, description="Cosmos DB for NoSQL, serverless")
