import sys
from pathlib import Path

import pytest

from local.host.errors import AppLoadError
from local.host.loading import load_app


@pytest.fixture(autouse=True)
def _clean_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "some_app", None)  # restored after the test


def test_the_app_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("NAME = 'hello'")
    app = tmp_path / "some_app.py"
    app.write_text(
        "import azure.functions as func, beside_it\n"
        "app = func.FunctionApp()\n"
        "@app.function_name(beside_it.NAME)\n"
        "@app.timer_trigger(arg_name='t', schedule='00:01:00')\n"
        "def f(t): ...\n"
    )
    assert [function.get_function_name() for function in load_app(app).get_functions()] == ["hello"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError"),
        ("application = 1", "has no `app`"),
        ("app = 1", "has no `app`"),
    ],
)
def test_what_is_wrong_with_it_is_said(tmp_path: Path, code: str, message: str) -> None:
    app = tmp_path / "some_app.py"
    app.write_text(code)
    with pytest.raises(AppLoadError, match=message):
        load_app(app)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AppLoadError, match=r"nowhere\.py is not there"):
        load_app(tmp_path / "nowhere.py")
