from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
import pytest

from functions.blob_reference import BlobReference
from local.host.errors import AppLoadError, SettingError, UnsupportedFeatureError
from local.host.functions import read_functions

HERE = Path()


def test_functions_carry_bindings_parameters_and_resolved_settings() -> None:
    app = df.DFApp()

    @app.blob_trigger(arg_name="blob", path="%BOX%/{name}", connection="C")
    @app.durable_client_input(client_name="client")
    async def watch(blob: func.InputStream, client: df.DurableFunctionsClient, context: func.Context) -> None: ...

    @app.timer_trigger(arg_name="tick", schedule="00:01:00")
    def clock(tick: func.TimerRequest) -> None: ...

    found = {function.name: function for function in read_functions(app, {"BOX": "raw"}, HERE)}
    assert found["watch"].trigger.text("path") == "raw/{name}"
    assert {binding.type for binding in found["watch"].bindings} == {"blobTrigger", "durableClient"}
    assert found["watch"].is_async
    assert found["watch"].wants_context
    assert found["watch"].annotations["blob"] is func.InputStream
    assert found["watch"].id == "Host.Functions.watch"
    assert not found["clock"].is_async
    assert not found["clock"].wants_context


def test_an_entity_is_refused_by_name() -> None:
    app = df.DFApp()

    @app.entity_trigger(context_name="context")
    def counter(context: object, operation: object) -> None: ...

    with pytest.raises(UnsupportedFeatureError, match="counter uses entityTrigger"):
        read_functions(app, {}, HERE)


def test_other_bindings_are_refused_by_name() -> None:
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="t", schedule="00:01:00")
    @app.queue_output(arg_name="out", queue_name="q", connection="C")
    def sends(t: func.TimerRequest, out: func.Out[str]) -> None: ...

    with pytest.raises(UnsupportedFeatureError, match="sends uses queue,"):
        read_functions(app, {}, HERE)


def test_a_retry_policy_is_refused() -> None:
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="t", schedule="00:01:00")
    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
    def again(t: func.TimerRequest) -> None: ...

    with pytest.raises(UnsupportedFeatureError, match="again has a retry policy"):
        read_functions(app, {}, HERE)


def test_a_missing_setting_names_the_function() -> None:
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="t", schedule="%WHEN%")
    def clock(t: func.TimerRequest) -> None: ...

    with pytest.raises(SettingError, match="function clock uses %WHEN%"):
        read_functions(app, {}, HERE)


def test_parameters_without_bindings_are_named() -> None:
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="t", schedule="00:01:00")
    def clock(t: func.TimerRequest, more: int) -> None: ...

    with pytest.raises(AppLoadError, match=r"clock: .*'more'"):
        read_functions(app, {}, HERE)


def test_a_parameter_that_nothing_can_be_made_for_is_named() -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="q", connection="C")
    def take(message: BlobReference) -> None: ...

    with pytest.raises(AppLoadError, match=r"take: no converter makes .*BlobReference.* for queueTrigger"):
        read_functions(app, {}, HERE)


def test_two_functions_of_one_name_are_refused() -> None:
    app = func.FunctionApp()
    for _ in range(2):

        @app.timer_trigger(arg_name="t", schedule="00:01:00")
        def clock(t: func.TimerRequest) -> None: ...

    with pytest.raises(AppLoadError, match="unique function name"):
        read_functions(app, {}, HERE)


def test_an_empty_app_is_refused() -> None:
    with pytest.raises(AppLoadError, match="no functions"):
        read_functions(func.FunctionApp(), {}, HERE)
