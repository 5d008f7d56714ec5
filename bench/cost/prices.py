"""List prices: one table, for what is measured and for what is there while nobody builds.

What a build is estimated at while the app runs is priced by `shared.prices`; its figures are taken from there.
"""

from dataclasses import dataclass

from shared.prices import Prices

_APP = Prices()
AS_OF = _APP.as_of
REGION = "East US"
CURRENCY = _APP.currency


@dataclass(frozen=True, slots=True)
class Price:
    """What Azure takes for `per` of a thing. `page`: of azure.microsoft.com/pricing/details, where to check it."""

    name: str
    amount: float
    per: float
    unit: str
    page: str

    def of(self, quantity: float) -> float:
        """What so many cost."""
        return quantity / self.per * self.amount


def _million(name: str, amount: float, unit: str, page: str) -> Price:
    return Price(name, amount, 1_000_000, f"million {unit}", page)


def _ten_thousand(name: str, amount: float, unit: str, page: str) -> Price:
    return Price(name, amount, 10_000, f"10,000 {unit}", page)


EXECUTIONS = _million("Functions Flex Consumption, executions", _APP.executions_million, "executions", "functions")
GIGABYTE_SECONDS = Price("Functions Flex Consumption, on demand", _APP.gigabyte_second, 1, "GB-s", "functions")
READY = Price("Functions Flex Consumption, always ready, baseline", 0.000004, 1, "GB-s", "functions")
WRITES = _ten_thousand("Blob Storage hot LRS, writes", _APP.blob_writes_10000, "operations", "storage/blobs")
LISTS = _ten_thousand("Blob Storage hot LRS, lists", _APP.blob_writes_10000, "operations", "storage/blobs")
READS = _ten_thousand("Blob Storage hot LRS, reads and all other", _APP.blob_reads_10000, "operations", "storage/blobs")
STORED = Price("Blob Storage hot LRS, stored", _APP.blob_gigabyte_month, 1, "GB-month", "storage/blobs")
QUEUES = _ten_thousand("Queue Storage", 0.004, "operations", "storage/queues")
UNITS = _million("Cosmos DB serverless", _APP.request_units_million, "RU", "cosmos-db/serverless")
AUTOSCALE = Price("Cosmos DB autoscale", 0.012, 100, "100 RU/s for an hour", "cosmos-db/autoscale-provisioned")
DOCUMENTS = Price("Cosmos DB, stored", 0.25, 1, "GB-month", "cosmos-db/serverless")
EVENTS = _million("Event Grid", 0.60, "operations", "event-grid")
ACTIONS = _million("Durable Task Scheduler Consumption, **uncertain**", 0.003, "actions", "functions")
LOGS = Price("Log Analytics, ingestion", 2.30, 1, "GB", "monitor")
LOG_RULE_5, LOG_RULE_15 = (
    Price(f"log search alert every {minutes} minutes", amount, 1, "rule-month", "monitor")
    for minutes, amount in ((5, 1.50), (15, 0.50))
)
METRIC_RULE = Price("metric alert", 0.10, 1, "series-month", "monitor")
PROBES = Price("availability test, standard", 0.0006, 1, "execution", "monitor")
FRONT_DOOR = Price("Front Door Standard (Premium: 330)", 35.0, 1, "month", "frontdoor")
API_MANAGEMENT = _million("API Management Consumption", 3.50, "calls", "api-management")
ENDPOINT = Price("private endpoint", 0.01, 1, "hour", "private-link")
ZONE = Price("private DNS zone", 0.50, 1, "month", "dns")
NAT = Price("NAT gateway and its address (and 0.045 for each GB)", 0.05, 1, "hour", "azure-nat-gateway")

TABLE = (
    EXECUTIONS, GIGABYTE_SECONDS, READY, WRITES, LISTS, READS, STORED, QUEUES, UNITS, AUTOSCALE, DOCUMENTS, EVENTS,
    ACTIONS, LOGS, LOG_RULE_5, LOG_RULE_15, METRIC_RULE, PROBES, FRONT_DOOR, API_MANAGEMENT, ENDPOINT, ZONE,
    NAT,
)  # fmt: skip

ACTION_AT_WORST = 0.003
"""The other reading of the scheduler's price: for one action, not for a million."""
