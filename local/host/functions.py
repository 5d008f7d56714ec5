"""The functions of an app: their triggers, bindings and parameters, read from the app object itself."""

import inspect
import json
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.host import deferred
from local.host.errors import AppLoadError, UnsupportedFeatureError
from local.host.expressions import resolve_names

TRIGGERS = ("httpTrigger", "orchestrationTrigger", "activityTrigger", "blobTrigger", "queueTrigger", "timerTrigger")
OTHER_BINDINGS = ("durableClient", "http")


class FunctionApp(Protocol):
    """What this host needs of an app object: azure.functions.FunctionApp and DFApp have it."""

    def get_functions(self) -> list[Any]:
        """The functions that were registered."""
        ...


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding: `type` as in function.json, the parameter's `name`, and all properties with %NAME% resolved."""

    type: str
    name: str
    properties: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        """A property that must be text if it is there."""
        value = self.properties.get(key)
        return None if value is None else str(value)

    @property
    def is_deferred(self) -> bool:
        """Whether the function wants a reference in place of the data."""
        return deferred.is_deferred(self.properties)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the app, ready to be called with keyword arguments named by its bindings."""

    name: str
    call: Callable[..., Any]
    trigger: Binding
    bindings: tuple[Binding, ...]
    is_async: bool
    wants_context: bool
    annotations: Mapping[str, Any]
    directory: Path

    @property
    def id(self) -> str:
        """The name under which the real host keeps this function's receipts, schedules and poison messages."""
        return f"Host.Functions.{self.name}"


def read_functions(app: FunctionApp, settings: Mapping[str, str], directory: Path) -> tuple[Function, ...]:
    """All functions of `app`; UnsupportedFeatureError, SettingError or AppLoadError say what is wrong with one."""
    try:
        registered = app.get_functions()
    except ValueError as error:
        msg = f"the app's functions cannot be used: {error}"
        raise AppLoadError(msg) from error
    functions = tuple(_read(raw, settings, directory) for raw in registered)
    if not functions:
        msg = "the app has no functions: register them (or its blueprints) on the `app` object"
        raise AppLoadError(msg)
    return functions


def _read(raw: Any, settings: Mapping[str, str], directory: Path) -> Function:
    name: str = raw.get_function_name()
    call = raw.get_user_function()
    annotations = typing.get_type_hints(call)
    parameters = set(inspect.signature(call).parameters)
    typed = {parameter: annotations[parameter] for parameter in parameters & annotations.keys()}
    bindings = tuple(_bindings(raw, name, typed, settings))
    if raw.get_settings_dict("retry_policy"):
        msg = f"{name} has a retry policy, which the local host does not follow: remove it, or run the real host"
        raise UnsupportedFeatureError(msg)
    bound = {binding.name for binding in bindings if binding.name != "$return"}
    unbound, missing = parameters - bound - {"context"}, bound - parameters
    if unbound or missing:
        msg = f"{name}: its parameters and bindings differ: {sorted(unbound | missing)}; give each parameter a binding"
        raise AppLoadError(msg)
    return Function(
        name=name,
        call=call,
        trigger=next(binding for binding in bindings if binding.type in TRIGGERS),
        bindings=bindings,
        is_async=inspect.iscoroutinefunction(call),
        wants_context="context" in parameters - bound,
        annotations=annotations,
        directory=directory,
    )


def _bindings(raw: Any, name: str, annotations: Mapping[str, object], settings: Mapping[str, str]) -> Iterator[Binding]:
    for text in deferred.raw_bindings(raw, annotations):
        properties = resolve_names(json.loads(text), settings, where=f"function {name}")
        kind = properties["type"]
        if kind not in TRIGGERS + OTHER_BINDINGS:
            known = ", ".join(TRIGGERS + OTHER_BINDINGS)
            msg = f"{name} uses {kind}, which the local host does not have (it has {known}): run the real host"
            raise UnsupportedFeatureError(msg)
        if problem := deferred.mismatch(kind, properties, annotations.get(properties["name"])):
            msg = f"{name}: {problem}"
            raise AppLoadError(msg)
        yield Binding(type=kind, name=properties["name"], properties=properties)
