"""The documentation is true: what it names is there, and what is there is named."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from builder.cli.remote.access import API_VARIABLE, KEY_VARIABLE
from builder.errors import SOURCE_FAILURES
from builder.remote.models import State
from builder.rows import Reason
from builder.spec import DatasetSpec
from local.__main__ import parser
from local.config import StackSettings
from shared.settings import Settings
from tests.readme import PAGES, ROOT, commands, quoted, routes

README = ROOT / "README.md"
# Names in the documentation that are no files of this repository: what a dataset consists of, and where it lies.
DATA = {
    "attribution.csv", "candidates/", "croissant.json", "datasets/{dataset}/", "exports/", "index.parquet",
    "label_conflicts.json", "manifest.jsonl", "out/<name>/", "plan.json", "raw/{dataset}/{label}-{number}.tar",
    "remote.json", "report.json", "rows/", "shards/", "test/", "thumbnails.jpg", "train/", "val/", "exports/{format}/",
    "wanted.json",
}  # fmt: skip
MEASURED = {"http", "pixcrawler", "url"}  # what names of metrics and their attributes begin with
LOGGED = {"span_id", "trace_id"}
IMG2DATASET = {"keep_ratio", "keep_ratio_largest"}  # what it calls ways of resizing
# Where what the pages about Azure call by its name alone may be.
FOLDERS = [
    ROOT / name for name in ("", "docs", "infra", "infra/watching", "infra/watching/queries", ".github/workflows")
]
# What is no setting of the app: outputs and parameters of the templates, and what the tools of operators read.
NAMES = {
    *re.findall(r"^output (PIXCRAWLER_\w+)", (ROOT / "infra" / "main.bicep").read_text(), re.MULTILINE),
    *re.findall(r"\$\{(PIXCRAWLER_\w+)", (ROOT / "infra" / "main.parameters.json").read_text()),
    "PIXCRAWLER_API_KEY", "PIXCRAWLER_RESTORED_KEY",
}  # fmt: skip
REASONS = {reason for group in get_args(Reason) for reason in get_args(group)}


def fields(model: type[BaseModel], before: str = "") -> set[str]:
    """What a request may say, as `image.tier`."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(before + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= fields(field.annotation, f"{before}{name}.")
    return found


FIELDS = fields(DatasetSpec)


def parameters() -> set[str]:
    """What `infra/environments/` says of a deployment, as `cosmos.mode`."""
    told = json.loads((ROOT / "infra" / "environments" / "dev.json").read_text())
    return {f"{name}.{one}" for name, group in told.items() if isinstance(group, dict) for one in group}


# In a process of its own: an app can be asked only once in each.
ASK = """
import json, function_app
print(json.dumps({
    one.get_function_name(): [binding.get_dict_repr() for binding in one.get_bindings()]
    for one in function_app.app.get_functions()
}, default=str))
"""


@pytest.fixture(scope="module")
def functions() -> dict[str, list[dict[str, Any]]]:
    """The app's functions with their bindings."""
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def of_the_builder() -> set[str]:
    """The public functions of the builder's modules."""
    text = "\n".join(path.read_text() for path in (ROOT / "builder").rglob("*.py"))
    return set(re.findall(r"^def ([a-z]\w*)\(", text, re.MULTILINE))


def identify(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_make_target_exists() -> None:
    text = "\n".join([*commands(README), *quoted(README)])
    named = set(re.findall(r"\bmake (\w+)", text))
    defined = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test", "up", "help"} <= named
    assert named <= defined


def test_every_command_is_one_that_this_repository_or_curl_has() -> None:
    assert {command.split()[0] for command in commands(README)} == {"make", "curl", ".venv/bin/python"}


@pytest.mark.parametrize("arguments", re.findall(r"-m local ([^\n`]*)", README.read_text()))
def test_the_options_of_the_local_commands_exist(arguments: str) -> None:
    if "--help" in arguments:
        with pytest.raises(SystemExit, match=r"^0$"):
            parser().parse_args(arguments.split())
    else:
        assert parser().parse_args(arguments.split()).command == "up"


def test_the_local_commands_name_the_python_that_has_the_packages() -> None:
    said = re.findall(r"([\w./]+) -m local", README.read_text())
    assert said
    assert set(said) == {".venv/bin/python"}


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_every_path_exists(page: Path) -> None:
    names = {
        name
        for name in quoted(page)
        if re.fullmatch(r"[\w<>{}-][\w./<>{}-]*(/|\.[a-z]+)", name) and name.partition(".")[0] not in MEASURED
    }
    links = {link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in link}
    wanted = names - DATA - FIELDS - parameters()
    assert {name for name in wanted if not any((folder / name).exists() for folder in FOLDERS)} == set()
    assert {link for link in links if not (page.parent / link).exists()} == set()


def test_every_route_is_in_the_table_and_the_other_way_round(functions: dict[str, list[dict[str, Any]]]) -> None:
    served = {
        (method, "/" + re.sub(r"\{[^}]+\}", "{}", binding["route"]))
        for bindings in functions.values()
        for binding in bindings
        if binding["type"] == "httpTrigger"
        for method in binding["methods"]
    }
    assert {(method, f"/v1{path}") for method, path in routes(README)} == served


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_every_setting_exists(page: Path) -> None:
    prefixes = ((Settings, "PIXCRAWLER_"), (StackSettings, "PIXCRAWLER_LOCAL_"))
    known = {f"{prefix}{name.upper()}" for model, prefix in prefixes for name in model.model_fields}
    known |= {API_VARIABLE, KEY_VARIABLE, *NAMES}
    assert set(re.findall(r"\bPIXCRAWLER_[A-Z_]*[A-Z]\b", page.read_text())) <= known


def test_every_folder_of_code_is_in_the_architecture() -> None:
    told = set(quoted(ROOT / "docs" / "architecture.md"))
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    folders = {f"{name.split('/')[0]}/" for name in tracked.splitlines() if "/" in name}
    assert folders - {"tests/", "tools/"} <= told


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_every_function_reason_and_field_named_exists(
    page: Path, functions: dict[str, list[dict[str, Any]]], of_the_builder: set[str]
) -> None:
    words = {word for word in quoted(page) if re.fullmatch(r"[a-z]+_[a-z_]+", word)}
    own = {name.rpartition(".")[2] for name in FIELDS}
    unknown = words - REASONS - own - IMG2DATASET - LOGGED - {*SOURCE_FAILURES} - set(functions) - of_the_builder
    assert unknown <= set(re.findall(r"\w+", elsewhere())), "neither a function nor a name in the code"


@cache
def elsewhere() -> str:
    """What `shared/`, the benchmarks, the infrastructure and its tools are written in."""
    folders = ("shared", "functions", "bench", "infra/core", "infra/edge", "infra/scripts", "tools")
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.*")))
    return "\n".join(path.read_text() for path in files if path.suffix in {".py", ".bicep", ".json", ".sh"})


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_every_field_named_with_its_place_exists(page: Path) -> None:
    places = "|".join({name.partition(".")[0] for name in FIELDS if "." in name})
    assert {word for word in quoted(page) if re.fullmatch(rf"({places})\.\w+", word)} <= FIELDS


def test_the_states_in_the_architecture_are_those_of_a_dataset() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    told = {state for row in rows for state in re.findall(r"`(\w+)`", row)} - {"functions", "shared"}
    assert told == set(get_args(State)) - {"deleting"}  # which nobody sees: such a dataset is out of sight
