"""Loads a function app from its file, as the Python worker does: the app's folder comes first on sys.path."""

import importlib.util
import sys
from pathlib import Path

from local.host.errors import AppLoadError
from local.host.functions import FunctionApp


def load_app(path: Path) -> FunctionApp:
    """Import `path` under its own name and return its `app`; AppLoadError when that is not possible."""
    if not path.is_file():
        msg = f"{path} is not there: name the app's function_app.py with --app"
        raise AppLoadError(msg)
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        msg = f"{path} is not a Python file: name the app's function_app.py with --app"
        raise AppLoadError(msg)
    sys.path.insert(0, str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        msg = f"{path} does not import: {type(error).__name__}: {error}"
        raise AppLoadError(msg) from error
    app: FunctionApp | None = getattr(module, "app", None)
    if app is None or not callable(getattr(app, "get_functions", None)):
        msg = f"{path} has no `app`: make one with `app = df.DFApp(...)` or `app = func.FunctionApp(...)`"
        raise AppLoadError(msg)
    return app
