"""Errors that cross processes arrive whole."""

import pickle

import pytest

from builder.errors import AddressRefusedError, BuilderError, DamagedShardError, SettingError, SourceError, UrlListError


@pytest.mark.parametrize(
    "error",
    [
        SourceError("bing", "refused", "bing said no"),
        UrlListError(3, "no URL"),
        AddressRefusedError("127.0.0.1 is loopback"),
        SettingError("bad"),
        DamagedShardError("cut off"),
    ],
)
def test_pickling_keeps_all(error: BuilderError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made right here
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_url_list_error_names_its_line() -> None:
    assert str(UrlListError(3, "no URL")) == "line 3: no URL"
    assert str(UrlListError(0, "empty")) == "empty"
