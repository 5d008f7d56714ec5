"""Event Grid calls the app's blob triggers, for the blobs that they are for."""

import re
from typing import Any

import pytest
from azure.functions.decorators.function_app import FunctionBuilder

from functions import triggers
from tests.infra.reading import declared, literals


def blob_triggers() -> dict[str, str]:
    """Function -> path of its blob trigger."""
    found = {}
    for builder in vars(triggers).values():
        if isinstance(builder, FunctionBuilder):
            function = builder._function
            trigger: Any = function.get_trigger()
            if trigger.type == "blobTrigger":
                found[str(function.get_function_name())] = str(trigger.path)
    return found


SUBSCRIPTIONS = {one["function"]: one for one in literals(declared("core/subscriptions.bicep", "triggers"))}


def test_every_blob_trigger_has_its_subscription() -> None:
    assert blob_triggers()
    assert SUBSCRIPTIONS.keys() == blob_triggers().keys()


@pytest.mark.parametrize(("function", "path"), blob_triggers().items())
def test_a_subscription_lets_through_what_its_trigger_is_for(function: str, path: str) -> None:
    container, _, name = path.partition("/")
    blob = re.sub(r"\{\w+\}", "x1", name)
    subject = f"{container}/blobs/{blob}"
    told = SUBSCRIPTIONS[function]
    assert subject.startswith(told["begins"])
    assert subject.endswith(told["ends"])
    assert told["within"] in subject


@pytest.mark.parametrize("subject", ["uploads/blobs/t/url-lists/l.csv", "uploads/blobs/t/export/e.zip"])
def test_what_the_app_itself_writes_into_uploads_is_no_event(subject: str) -> None:
    told = SUBSCRIPTIONS["check_upload"]
    assert told["within"] not in subject
