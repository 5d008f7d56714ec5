import pytest

from local import azurite
from local.host.errors import SettingError
from local.host.expressions import connection_string, resolve_names


def test_names_are_replaced_deep_inside() -> None:
    value = {"path": "%BOX%/{a}%EXT%", "methods": ["%BOX%", 1, None, True]}
    resolved = resolve_names(value, {"BOX": "raw", "EXT": ".tar"}, where="f")
    assert resolved == {"path": "raw/{a}.tar", "methods": ["raw", 1, None, True]}


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingError, match="function f uses %WHEN%"):
        resolve_names("%WHEN%", {}, where="function f")


def test_a_percent_sign_alone_stays() -> None:
    assert resolve_names("100 % sure % of it", {}, where="f") == "100 % sure % of it"


def test_connections_are_found_under_both_names() -> None:
    assert connection_string("Data", {"AzureWebJobsData": "x=1"}) == "x=1"
    assert connection_string("Data", {"Data": "y=1", "AzureWebJobsData": "x=1"}) == "y=1"
    assert connection_string(None, {"AzureWebJobsStorage": "z=1"}) == "z=1"


def test_the_emulators_short_name_is_spelt_out() -> None:
    text = connection_string("Data", {"Data": "UseDevelopmentStorage=true"})
    assert text == azurite.connection_string(blob_port=10000, queue_port=10001, table_port=10002)


@pytest.mark.parametrize("settings", [{}, {"Data": ""}, {"Data__blobServiceUri": "https://x"}])
def test_a_connection_that_is_not_there_is_named(settings: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="Data"):
        connection_string("Data", settings)
