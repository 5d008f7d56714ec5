"""Reading Bicep in tests: declarations and the object literals in them, without resolving anything."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"


def data(path: str) -> Any:
    """A JSON file of infra/."""
    return json.loads((INFRA / path).read_text())


@cache
def declared(path: str, name: str) -> Node:
    """The declaration of that symbolic name in a file of infra/; KeyError if there is none."""
    tree = Parser(Language(tree_sitter_bicep.language())).parse((INFRA / path).read_bytes())
    for node in tree.root_node.children:
        if node.type.endswith("_declaration") and any(text(child) == name for child in node.children):
            return node
    raise KeyError(name)


def text(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def literals(node: Node) -> list[dict[str, str]]:
    """Every object literal in a node, outermost first: property -> source of its value, strings without quotes."""
    found = []
    if node.type == "object":
        pairs = [child for child in node.children if child.type == "object_property"]
        found.append(
            {text(pair.named_children[0]).strip("'"): text(pair.named_children[-1]).strip("'") for pair in pairs}
        )
    for child in node.children:
        found += literals(child)
    return found


def string(path: str, name: str) -> str:
    """The value of a variable that is a string."""
    return text(declared(path, name).named_children[-1]).strip("'")
