"""What may stand in front of the app and around it: each option alone, and with the others."""

import json
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from starlette.requests import Request

import function_app  # noqa: F401 - registers the operations
from functions.address import client_address
from functions.http import API
from functions.operations import OPERATIONS
from shared.settings import settings
from tests.functions.asking import request
from tests.infra.reading import INFRA
from tools.infra import values as v
from tools.infra.checkov import arm
from tools.infra.environments import deploy
from tools.infra.program import Deployment, Program

OPTIONS = ("frontDoor", "apiManagement", "privateNetwork")
CHOICES = list(product((False, True), repeat=3))
SPOOFED, CLIENT, EDGE = "192.0.2.1", "203.0.113.7", "198.51.100.9"


def deployed(*on: str, **more: dict[str, Any]) -> list[Deployment]:
    """What the development environment deploys with these options on; nothing in it may be wrong."""
    overrides = {name: {"enabled": True, **more.get(name, {})} for name in on}
    return evaluated(json.dumps(overrides))


@cache
def evaluated(overrides: str) -> list[Deployment]:
    program = Program.load(INFRA)
    deploy(INFRA, program, INFRA / "environments/dev.json", json.loads(overrides), "pixcrawler")
    assert not program.report.sorted()
    return program.deployments


def bodies(resources: list[Deployment], kind: str) -> list[dict[str, Any]]:
    """The resources of one type, as ARM has them."""
    found = [one for one in resources if one.type.partition("@")[0] == kind]
    return [
        {key: arm(filled(value)) for key, value in one.body.fields.items() if key not in {"parent", "scope"}}
        for one in found
    ]


def filled(value: v.Value) -> v.Value:
    """Without choices: what only Azure knows, such as the id of a resource that is made, is taken as not empty."""
    match value:
        case v.Choice():
            return filled(value.options[-1])
        case v.Record():
            return replace(value, fields={key: filled(inner) for key, inner in value.fields.items()})
        case v.Items():
            return replace(value, items=tuple(filled(inner) for inner in value.items))
    return value


def one(resources: list[Deployment], kind: str) -> Any:
    """The properties of the only resource of a type."""
    (found,) = bodies(resources, kind)
    return found["properties"]


def app_settings(resources: list[Deployment]) -> dict[str, str]:
    found: dict[str, str] = one(resources, "Microsoft.Web/sites/config")
    return found


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: "".join("-+"[on] for on in chosen))
def test_each_option_makes_its_own_and_nothing_else(chosen: tuple[bool, ...]) -> None:
    front_door, gateway, private = chosen
    made = deployed(*(name for name, on in zip(OPTIONS, chosen, strict=True) if on))
    kinds = {resource.type.partition("/")[0] for resource in made}
    assert ("Microsoft.Cdn" in kinds) == front_door
    assert ("Microsoft.ApiManagement" in kinds) == gateway
    assert bool(bodies(made, "Microsoft.Network/privateEndpoints")) == private
    assert bool(one(made, "Microsoft.Web/sites").get("virtualNetworkSubnetId")) == private
    for store in ("Microsoft.DocumentDB/databaseAccounts", "Microsoft.KeyVault/vaults"):
        assert one(made, store)["publicNetworkAccess"] == ("Disabled" if private else "Enabled")
    assert one(made, "Microsoft.Storage/storageAccounts")["publicNetworkAccess"] == "Enabled", (
        "links would lead nowhere"
    )
    doors = [rule["name"] for rule in one(made, "Microsoft.Web/sites")["siteConfig"]["ipSecurityRestrictions"]]
    expected = ["front-door"] * front_door + ["gateway"] * gateway
    assert doors == ([*expected, "events"] if expected else [])
    assert (app_settings(made)["PIXCRAWLER_LINK_HOST"] != "") == front_door


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: "".join("-+"[on] for on in chosen))
def test_the_caller_is_known_by_address_whichever_way_it_came(
    chosen: tuple[bool, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deployed(*(name for name, on in zip(OPTIONS, chosen, strict=True) if on))
    front_door, gateway, _ = chosen
    monkeypatch.setenv("PIXCRAWLER_PROXY_HOPS", app_settings(made)["PIXCRAWLER_PROXY_HOPS"])
    settings.cache_clear()
    ways = []
    if front_door:
        ways.append(f"{SPOOFED}, {CLIENT}, {EDGE}:443")  # Front Door adds the caller, the app's front end Front Door
    if gateway:  # the policy leaves the caller alone; whether the gateway adds it once more is not known
        ways += [f"{CLIENT}, {EDGE}:443", f"{CLIENT}, {CLIENT}, {EDGE}:443"]
    for told in ways or [f"{SPOOFED}, {CLIENT}:443"]:
        assert client_address(Request(request(headers={"x-forwarded-for": told}).scope)) == CLIENT
    settings.cache_clear()


@pytest.mark.parametrize(("sku", "closed"), [("Standard_AzureFrontDoor", False), ("Premium_AzureFrontDoor", True)])
def test_storage_is_closed_only_where_front_door_carries_links(sku: str, closed: bool) -> None:
    made = deployed("frontDoor", "privateNetwork", frontDoor={"sku": sku})
    assert (one(made, "Microsoft.Storage/storageAccounts")["publicNetworkAccess"] == "Disabled") == closed
    links = [
        origin["properties"].get("sharedPrivateLinkResource")
        for origin in bodies(made, "Microsoft.Cdn/profiles/originGroups/origins")
    ]
    assert [link["groupId"] for link in links if link] == (["blob"] if closed else [])
    rules = one(made, "Microsoft.Network/frontDoorWebApplicationFirewallPolicies")
    assert bool(rules["managedRules"]["managedRuleSets"]) == closed, "rule sets are in Premium alone"


@pytest.mark.parametrize("suspicious", ["Log", "Block"])
def test_the_rule_set_leaves_bodies_alone_and_refuses_only_where_it_is_told_to(suspicious: str) -> None:
    """A webhook's address, a label called "select" and an archive are no attacks."""
    chosen = {} if suspicious == "Log" else {"suspicious": suspicious}
    made = deployed("frontDoor", frontDoor={"sku": "Premium_AzureFrontDoor", **chosen})
    firewall = one(made, "Microsoft.Network/frontDoorWebApplicationFirewallPolicies")
    assert firewall["policySettings"]["requestBodyCheck"] == "Disabled"
    assert firewall["policySettings"]["mode"] == "Prevention", "or the limit of requests would hold nobody back"
    assert [rules["ruleSetAction"] for rules in firewall["managedRules"]["managedRuleSets"]] == [suspicious]


def test_nothing_is_kept_at_the_edge_that_needs_a_key() -> None:
    made = deployed("frontDoor")
    cached = {
        pattern
        for route in bodies(made, "Microsoft.Cdn/profiles/afdEndpoints/routes")
        if "cacheConfiguration" in route["properties"]
        for pattern in route["properties"]["patternsToMatch"]
    }
    public = {
        f"{API.removesuffix('/v1')}/{call.path}" for call in OPERATIONS if call.role is None and call.method == "GET"
    }
    assert cached <= public | {"/datasets/*"}, "the latter by links that are signed"
    assert cached - public


def test_links_of_every_kind_have_a_route() -> None:
    made = deployed("frontDoor")
    patterns = {
        pattern
        for route in bodies(made, "Microsoft.Cdn/profiles/afdEndpoints/routes")
        for pattern in route["properties"]["patternsToMatch"]
    }
    assert {"/datasets/*", "/uploads/*"} <= patterns, "what shared.blobs and shared.upload_files sign"


def test_the_firewall_counts_by_an_address_that_nobody_can_claim_and_logs_no_signature() -> None:
    made = deployed("frontDoor", frontDoor={"requestsPerMinute": 300})
    firewall = one(made, "Microsoft.Network/frontDoorWebApplicationFirewallPolicies")
    (rule,) = firewall["customRules"]["rules"]
    assert (rule["rateLimitThreshold"], rule["rateLimitDurationInMinutes"], rule["action"]) == (300, 1, "Block")
    assert [condition["matchVariable"] for condition in rule["matchConditions"]] == ["SocketAddr"]
    for logged in (firewall["policySettings"], one(made, "Microsoft.Cdn/profiles")):
        (scrubbed,) = logged["logScrubbing"]["scrubbingRules"]
        assert (logged["logScrubbing"]["state"], scrubbed["matchVariable"]) == ("Enabled", "QueryStringArgNames")


def test_signed_links_are_kept_for_minutes_and_apart() -> None:
    made = deployed("frontDoor")
    (action,) = one(made, "Microsoft.Cdn/profiles/ruleSets/rules")["actions"]
    cache = action["parameters"]["cacheConfiguration"]
    assert cache["cacheBehavior"] == "OverrideAlways"
    assert cache["cacheDuration"] < "00:30:00"
    assert cache["queryStringCachingBehavior"] == "UseQueryString"


def test_the_gateway_knows_every_method_and_the_app_knows_the_gateway() -> None:
    made = deployed("apiManagement")
    methods = {
        operation["properties"]["method"]
        for operation in bodies(made, "Microsoft.ApiManagement/service/apis/operations")
    }
    assert methods == {call.method for call in OPERATIONS}
    apis = {
        api["properties"]["path"]: api["properties"] for api in bodies(made, "Microsoft.ApiManagement/service/apis")
    }
    asked = {path: api["subscriptionRequired"] for path, api in apis.items()}
    assert asked == {"api": True, "api/v1/health": False}, "limits count subscriptions; the availability test has none"
    (rule, _) = one(made, "Microsoft.Web/sites")["siteConfig"]["ipSecurityRestrictions"]
    policies = bodies(made, "Microsoft.ApiManagement/service/apis/policies")
    assert len(policies) == 2
    for policy in policies:
        told = inbound(policy).find("set-header[@name='X-Azure-FDID']/value")
        assert told is not None
        assert [told.text] == rule["headers"]["x-azure-fdid"]


def inbound(policy: dict[str, Any]) -> ET.Element:
    """What a policy does to requests."""
    found = ET.fromstring(policy["properties"]["value"]).find("inbound")  # noqa: S314 - our own file
    assert found is not None
    return found


def test_limits_are_those_of_the_environment_and_of_the_tier() -> None:
    made = deployed("apiManagement", apiManagement={"callsPerMinute": 7, "callsPerMonth": 70})
    (policy,) = bodies(made, "Microsoft.ApiManagement/service/products/policies")
    limits = {step.tag: step.get("calls") for step in inbound(policy)}
    assert limits == {"base": None, "rate-limit": "7", "quota": "70"}, "limits by key are not in Consumption"


def test_tokens_are_checked_at_the_gateway_where_an_issuer_is_named() -> None:
    assert not bodies(deployed("apiManagement"), "Microsoft.ApiManagement/service/policies")
    issuer = "https://login.example/.well-known/openid-configuration"
    made = deployed("apiManagement", apiManagement={"openIdConfiguration": issuer, "audience": "api://pixcrawler"})
    (policy,) = bodies(made, "Microsoft.ApiManagement/service/policies")
    check = inbound(policy).find("choose/when/validate-jwt")
    assert check is not None
    assert [url.get("url") for url in check.iter("openid-config")] == [issuer]
    assert [audience.text for audience in check.iter("audience")] == ["api://pixcrawler"]


def test_whatever_is_closed_has_a_private_endpoint() -> None:
    made = deployed("privateNetwork")
    groups = {
        connection["properties"]["groupIds"][0]
        for endpoint in bodies(made, "Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
    }
    assert groups == {"blob", "queue", "table", "Sql", "vault"}
    zones = {zone["name"] for zone in bodies(made, "Microsoft.Network/privateDnsZones")}
    assert len(zones) == len(groups)
    assert all(zone.startswith("privatelink.") for zone in zones)
    subnets = one(made, "Microsoft.Network/virtualNetworks")["subnets"]
    assert [subnet["properties"].get("delegations", [{}])[0].get("properties") for subnet in subnets] == [
        {"serviceName": "Microsoft.App/environments"},
        None,
    ]
