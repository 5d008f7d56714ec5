"""The function app: registers the blueprints, nothing else."""

import azure.durable_functions as df
import azure.functions as func

import functions.web_extension  # noqa: F401 (declares the HTTP style to the worker)
from functions import (
    activities,
    build,
    datasets,
    deliver,
    docs,
    events,
    exports,
    health,
    images,
    keys,
    triggers,
    uploads,
    url_lists,
    usage,
    webhooks,
)

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for module in (
    activities,
    build,
    datasets,
    deliver,
    docs,
    events,
    exports,
    health,
    images,
    keys,
    triggers,
    uploads,
    url_lists,
    usage,
    webhooks,
):
    app.register_functions(module.bp)
