"""The function app: registers the blueprints, nothing else."""

from importlib import import_module

import azure.durable_functions as df
import azure.functions as func

import functions.telemetry  # first: what the imports below log has its form already
import functions.web_extension  # noqa: F401 (declares the HTTP style to the worker)

MODULES = (
    "activities",
    "analyze",
    "audit",
    "build",
    "curation",
    "datasets",
    "deliver",
    "docs",
    "events",
    "exports",
    "gauges",
    "health",
    "images",
    "keys",
    "retention",
    "rights",
    "take_down",
    "takedowns",
    "tenants",
    "triggers",
    "uploads",
    "url_lists",
    "usage",
    "versions",
    "webhooks",
)
"""Those of `functions` that have a blueprint."""

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for module in MODULES:
    app.register_functions(import_module(f"functions.{module}").bp)
