"""Role assignments give roles of infra/roles.json, and that file says of each role what Azure says.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

import json
import re
from pathlib import Path

from tools.infra import values as v
from tools.infra.report import Place, Report

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Only roles of data planes and of watching: an app that can manage resources can also undo what protects them.
BUILT_IN = {
    "Cognitive Services OpenAI User": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    "Durable Task Data Contributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Log Analytics Reader": "73c42c96-874c-492b-b04d-ab87d138a893",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Monitoring Reader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Processor": "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Queue Data Reader": "19e7f393-937e-4f77-808e-94535e297925",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Storage Table Data Reader": "76199698-9eea-4c19-bc75-cec21354c6b6",
}


def check_table(path: Path, report: Report) -> None:
    """Report roles of the table at `path` that are not Azure's, or have another id there."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for name, role in json.loads("{" + line.strip(", {}") + "}").items():
            if BUILT_IN.get(name) != role:
                wanted = BUILT_IN.get(name, "not among those that this project may give (tools/infra/roles.py)")
                report.add("role", Place(path, number), f"{name} is {wanted}, not {role}")


def check_role(assignment: v.Record, report: Report) -> None:
    """Report an assignment of a role that is not known here to be one of the table's."""
    properties = assignment.fields.get("properties")
    role = properties.fields.get("roleDefinitionId") if isinstance(properties, v.Record) else None
    for option in v.options(role) if role else []:
        found = GUID.findall(str(option.data)) if isinstance(option, v.Known) else []
        if isinstance(option, v.Known) and (not found or found[-1] not in BUILT_IN.values()):
            report.add("role", option.at, f"{option.data} is no role of infra/roles.json")
