"""The OpenAPI document as one page for people: no script, nothing from another host, light and dark."""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from functions.description.calls import Call, by_tag, curl
from functions.description.style import STYLE
from functions.description.types import constraints, type_of
from shared.problem_types import TYPES

type Schema = dict[str, Any]

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy that the page needs: its own style sheet and nothing else."""

_COMMON = {"traceparent"}  # of every operation: said once, at the top


def page(document: Schema) -> str:
    """The page, HTML."""
    groups = by_tag(document)
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body>",
        _navigation(groups),
        f'<main><header id="top"><h1>{escape(info["title"])} API</h1>{_prose(info["description"])}',
        "<p>Also as an <a href='openapi.json'>OpenAPI 3.1 document</a> and as a "
        "<a href='collection.json'>Postman collection</a>. In the examples, <code>$PIXCRAWLER</code> is where the API "
        "is, <code>$API_KEY</code> an API key, and what stands in a path a variable of that name. Every "
        "operation takes a <code>traceparent</code> (W3C Trace Context).</p></header>",
    ]
    for tag in document["tags"]:
        told = f"<p>{escape(tag['description'])}</p>" if "description" in tag else ""
        parts.append(f'<section><h2 id="{escape(tag["name"])}">{_title(tag["name"])}</h2>{told}')
        parts += [_operation(call) for call in groups[tag["name"]]]
        parts.append("</section>")
    parts += [_problems(), _schemas(document["components"]["schemas"]), "</main></body></html>"]
    return "".join(parts)


def _title(name: str) -> str:
    return escape(name.replace("_", " ").capitalize())


def _navigation(groups: Any) -> str:
    lists = []
    for tag, group in groups.items():
        lines = "".join(f'<li><a href="#{call.name}">{escape(call.operation["summary"])}</a></li>' for call in group)
        lists.append(
            f'<details><summary><a href="#{escape(tag)}">{_title(tag)}</a></summary><ul>{lines}</ul></details>'
        )
    last = '<p><a href="#problems">Problems</a></p><p><a href="#schemas">Schemas</a></p>'
    return f'<nav aria-label="Contents"><p><a href="#top">PixCrawler API</a></p>{"".join(lists)}{last}</nav>'


def _operation(call: Call) -> str:
    told = call.operation
    path = "<wbr>/".join(escape(part) for part in call.path.split("/"))
    role = f"needs the role <b>{escape(call.role)}</b>" if call.role else "needs no credentials"
    shown = [one for one in call.parameters if one["name"] not in _COMMON]
    rows = [(one["name"], f"{type_of(one['schema'])} · {one['in']}", _words(one)) for one in shown]
    parts = [
        f'<article id="{call.name}"><h3>{_inline(told["summary"])}</h3>',
        f'<p class="route"><b class="{call.method.lower()}">{call.method}</b> <code>{path}</code></p>',
        f'<p class="role">{role}</p>',
        _prose(told.get("description", "")),
    ]
    if rows:
        parts.append(f"<h4>Parameters</h4>{_table(rows)}")
    if "requestBody" in told:
        parts.append(f"<h4>Body</h4>{_media(told['requestBody']['content'])}")
    parts.append(f"<h4>Answers</h4>{_answers(told['responses'])}")
    parts.append(f"<h4>Example</h4><pre tabindex='0'><code>{escape(curl(call))}</code></pre></article>")
    return "".join(parts)


def _media(content: Schema) -> str:
    lines = [f"<li><code>{escape(name)}</code>: {type_of(one.get('schema', {}))}</li>" for name, one in content.items()]
    return f'<ul class="media">{"".join(lines)}</ul>'


def _answers(responses: Schema) -> str:
    good = [
        (status, one) for status, one in responses.items() if "application/problem+json" not in one.get("content", {})
    ]
    rows = []
    for status, one in good:
        kinds = ", ".join(
            f"<code>{escape(name)}</code> {type_of(body['schema']) if 'schema' in body else ''}"
            for name, body in one.get("content", {}).items()
        )
        rows.append((status, kinds or "no body", _inline(one["description"])))
    problems = [status for status, one in responses.items() if "application/problem+json" in one.get("content", {})]
    links = ", ".join(f'<a href="#status-{status}">{status}</a>' for status in problems)
    return f"{_table(rows)}<p>Problems: {links}</p>"


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [
        f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{kind}</td><td>{words}</td></tr>"
        for name, kind, words in rows
    ]
    return f"<div class='wide'><table><tbody>{''.join(lines)}</tbody></table></div>"


def _words(told: Schema) -> str:
    """Description and limits of a parameter or a member, HTML."""
    schema = told.get("schema", told)
    words = [_inline(told["description"])] if "description" in told else []
    limits = constraints(schema)
    return "; ".join(words + ([f"<span class='limits'>{limits}</span>"] if limits else []))


def _problems() -> str:
    by_status: dict[int, list[str]] = {}
    for kind, one in sorted(TYPES.items(), key=lambda item: item[1].status):
        by_status.setdefault(one.status, []).append(
            f'<dt id="problem-{kind}"><code>{kind}</code> {escape(one.title)}</dt>'
            f"<dd>{_inline(one.meaning)}<br><b>What to do:</b> {_inline(one.remedy)}</dd>"
        )
    groups = "".join(
        f'<h3 id="status-{status}">{status}</h3><dl>{"".join(lines)}</dl>' for status, lines in by_status.items()
    )
    return (
        '<section><h2 id="problems">Problems</h2><p>Errors come as <code>application/problem+json</code>, see '
        '<a href="#schema-Problem">Problem</a>; the last part of their <code>type</code> is one of these.</p>'
        f"{groups}</section>"
    )


def _schemas(schemas: Schema) -> str:
    parts = ['<section><h2 id="schemas">Schemas</h2>']
    for name, schema in schemas.items():
        required = set(schema.get("required", ()))
        rows = [
            (
                member,
                type_of(one) + ("" if member not in required else " <b class='required'>required</b>"),
                _words(one),
            )
            for member, one in schema.get("properties", {}).items()
        ]
        parts.append(
            f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_prose(schema.get("description", ""))}'
        )
        parts.append(f"{_table(rows)}</article>" if rows else f"<p>{type_of(schema)}</p></article>")
    return "".join([*parts, "</section>"])


def _prose(text: str) -> str:
    """Paragraphs, between empty lines."""
    return "".join(f"<p>{_inline(one)}</p>" for one in text.split("\n\n") if one.strip())


def _inline(text: str) -> str:
    """Escaped text, with code between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
