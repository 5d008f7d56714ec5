"""The rules for names of Azure resources: length and characters.

https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, and for Durable Task Scheduler
the patterns of its REST API. Types without a rule here have names that Azure gives, such as `default`.
"""

import re

from tools.infra import values as v
from tools.infra.report import Report

ANY_260 = (r"[^%&\\?/#]{0,259}[^%&\\?/#. ]", "1-260 characters, none of %&\\?/#, and no period or space at the end")
GUID = (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a GUID")
BLOB = (r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3-63 of a-z, 0-9 and single hyphens, not at either end")
COSMOS = (r"[^/\\#?]{0,254}[^/\\#? ]", "1-255 characters, none of /\\#?")
WORDS_80 = (
    r"[A-Za-z0-9]([\w.-]{0,78}\w)?",
    "1-80 of letters, digits, _ . -, beginning and ending with a letter or digit",
)
AFD = (r"[A-Za-z0-9]([A-Za-z0-9-]{0,258}[A-Za-z0-9])?", "1-260 of letters, digits and hyphens, not at either end")

RULES: dict[str, tuple[str, str]] = {
    "Microsoft.ApiManagement/service": (
        r"[A-Za-z]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?",
        "1-50 of letters, digits, hyphens",
    ),
    "Microsoft.Authorization/locks": (r"[\w.()-]{0,89}[\w()-]", "1-90 of letters, digits, _ . - ( )"),
    "Microsoft.Authorization/roleAssignments": GUID,
    "Microsoft.Cdn/profiles": AFD,
    "Microsoft.Cdn/profiles/afdEndpoints": (
        r"[A-Za-z0-9]([A-Za-z0-9-]{0,44}[A-Za-z0-9])?",
        "1-46 of letters, digits, -",
    ),
    "Microsoft.Cdn/profiles/afdEndpoints/routes": AFD,
    "Microsoft.Cdn/profiles/originGroups": AFD,
    "Microsoft.Cdn/profiles/originGroups/origins": AFD,
    "Microsoft.Cdn/profiles/ruleSets": (r"[A-Za-z][A-Za-z0-9]{0,259}", "1-260 of letters and digits"),
    "Microsoft.Cdn/profiles/ruleSets/rules": (r"[A-Za-z][A-Za-z0-9]{0,259}", "1-260 of letters and digits"),
    "Microsoft.Cdn/profiles/securityPolicies": AFD,
    "Microsoft.Consumption/budgets": (r"[\w-]{1,63}", "1-63 of letters, digits, _ and -"),
    "Microsoft.DocumentDB/databaseAccounts": (r"[a-z0-9][a-z0-9-]{1,42}[a-z0-9]", "3-44 of a-z, 0-9 and hyphens"),
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": COSMOS,
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": COSMOS,
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments": GUID,
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions": GUID,
    "Microsoft.DurableTask/schedulers": (r"[A-Za-z0-9-]{3,64}", "3-64 of letters, digits and hyphens"),
    "Microsoft.DurableTask/schedulers/taskHubs": (r"[A-Za-z0-9-]{3,64}", "3-64 of letters, digits and hyphens"),
    "Microsoft.EventGrid/systemTopics": (r"[A-Za-z0-9-]{3,50}", "3-50 of letters, digits and hyphens"),
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": (
        r"[A-Za-z0-9-]{3,64}",
        "3-64 of letters, digits and hyphens",
    ),
    "Microsoft.Insights/actionGroups": ANY_260,
    "Microsoft.Insights/activityLogAlerts": ANY_260,
    "Microsoft.Insights/components": ANY_260,
    "Microsoft.Insights/diagnosticSettings": ANY_260,
    "Microsoft.Insights/metricAlerts": ANY_260,
    "Microsoft.Insights/scheduledQueryRules": ANY_260,
    "Microsoft.Insights/webtests": ANY_260,
    "Microsoft.Insights/workbooks": GUID,
    "Microsoft.KeyVault/vaults": (
        r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
        "3-24 of letters, digits and single hyphens, beginning with a letter",
    ),
    "Microsoft.KeyVault/vaults/secrets": (r"[A-Za-z0-9-]{1,127}", "1-127 of letters, digits and hyphens"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (
        r"[A-Za-z0-9][\w-]{2,127}",
        "3-128 of letters, digits, _ and -",
    ),
    "Microsoft.Network/frontDoorWebApplicationFirewallPolicies": (
        r"[A-Za-z][A-Za-z0-9]{0,127}",
        "1-128 of letters, digits",
    ),
    "Microsoft.Network/networkSecurityGroups": WORDS_80,
    "Microsoft.Network/privateDnsZones": (
        r"([A-Za-z0-9_-]{1,63}\.){1,33}[A-Za-z0-9-]{1,63}",
        "2-34 labels with periods",
    ),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": WORDS_80,
    "Microsoft.Network/privateEndpoints": (r"[A-Za-z0-9][\w.-]{0,62}\w", "2-64 of letters, digits, _ . -"),
    "Microsoft.Network/virtualNetworks": (r"[A-Za-z0-9][\w.-]{0,62}\w", "2-64 of letters, digits, _ . -"),
    "Microsoft.Network/virtualNetworks/subnets": WORDS_80,
    "Microsoft.OperationalInsights/workspaces": (
        r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
        "4-63 of letters, digits and hyphens, not at either end",
    ),
    "Microsoft.Resources/resourceGroups": (r"[\w.()-]{0,89}[\w()-]", "1-90 of letters, digits, _ . - ( )"),
    "Microsoft.Storage/storageAccounts": (r"[a-z0-9]{3,24}", "3-24 of a-z and 0-9"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": BLOB,
    "Microsoft.Storage/storageAccounts/queueServices/queues": BLOB,
    "Microsoft.Storage/storageAccounts/tableServices/tables": (
        r"[A-Za-z][A-Za-z0-9]{2,62}",
        "3-63 of letters and digits",
    ),
    "Microsoft.Web/serverfarms": (r"[A-Za-z0-9-]{1,60}", "1-60 of letters, digits and hyphens"),
    "Microsoft.Web/sites": (r"[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]", "2-60 of letters, digits and hyphens"),
}


def check_name(kind: str, name: v.Value, report: Report) -> None:
    """Report a name that the rule of its resource type forbids, or that cannot be computed."""
    if kind not in RULES:
        return
    pattern, says = RULES[kind]
    for option in v.options(name):
        if not isinstance(option, v.Known):
            report.add("name", option.at, f"the name of this {kind} cannot be computed, so its length is not known")
        elif not re.fullmatch(pattern, str(option.data)):
            report.add("name", option.at, f"{kind} cannot be named {option.data!r}: {says}")
