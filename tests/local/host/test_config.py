import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.host.config import load_host_json
from local.host.errors import SettingError


def write(directory: Path, document: object) -> Path:
    path = directory / "host.json"
    path.write_text(json.dumps(document))
    return path


def test_no_file_gives_the_hosts_defaults(tmp_path: Path) -> None:
    config = load_host_json(tmp_path / "host.json", {})
    assert config.extensions.http.route_prefix == "api"
    assert config.extensions.queues.max_dequeue_count == 5
    assert config.extensions.queues.message_encoding == "base64"
    assert config.function_timeout is None


def test_reads_what_matters_and_ignores_the_rest(tmp_path: Path) -> None:
    extensions = {
        "http": {"routePrefix": ""},
        "durableTask": {"hubName": "Pix", "maxConcurrentActivityFunctions": 3, "storageProvider": {"type": "x"}},
        "queues": {"visibilityTimeout": "00:00:02", "batchSize": 4, "messageEncoding": "none"},
    }
    path = write(tmp_path, {"version": "2.0", "functionTimeout": "00:01:00", "extensions": extensions})
    config = load_host_json(path, {})
    assert config.function_timeout == timedelta(minutes=1)
    assert config.extensions.http.route_prefix == ""
    assert config.extensions.durable_task.max_concurrent_activity_functions == 3
    assert config.extensions.queues.visibility_timeout == timedelta(seconds=2)


def test_no_limit_of_time_is_written_minus_one(tmp_path: Path) -> None:
    assert load_host_json(write(tmp_path, {"functionTimeout": "-1"}), {}).function_timeout is None


def test_app_settings_override_keys_whatever_their_case(tmp_path: Path) -> None:
    path = write(tmp_path, {"extensions": {"durableTask": {"hubName": "%HUB%"}}})
    settings = {
        "HUB": "FromSetting",
        "AzureFunctionsJobHost__extensions__durabletask__maxConcurrentActivityFunctions": "7",
        "AzureFunctionsJobHost__extensions__http__routePrefix": "v2",
    }
    config = load_host_json(path, settings)
    assert config.extensions.durable_task.hub_name == "FromSetting"
    assert config.extensions.durable_task.max_concurrent_activity_functions == 7
    assert config.extensions.http.route_prefix == "v2"


@pytest.mark.parametrize(
    "document",
    [[], {"functionTimeout": "soon"}, {"extensions": {"queues": {"batchSize": 33}}}, {"extensions": {"http": 1}}],
)
def test_says_which_file_is_wrong(tmp_path: Path, document: object) -> None:
    with pytest.raises(SettingError, match=r"host\.json cannot be used"):
        load_host_json(write(tmp_path, document), {})


def test_an_override_through_a_value_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"functionTimeout": "00:01:00"})
    with pytest.raises(SettingError, match="not an object"):
        load_host_json(path, {"AzureFunctionsJobHost__functionTimeout__x": "1"})
