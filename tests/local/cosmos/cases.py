"""The queries of the conformance tests, over the books of the library, and what they give."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """A query, its parameters, the partition it is asked in (or all), and what it gives."""

    text: str
    expected: list[Any]
    values: dict[str, Any] = field(default_factory=dict)
    shelf: str | None = None
    ordered: bool = False


NOVELS = "novel"
CASES = [
    Case("SELECT VALUE c.id FROM c", ["emma", "dracula"], shelf=NOVELS),
    Case("SELECT VALUE r.id FROM root r WHERE r.pages = 200", ["faust", "hamlet"]),
    Case(
        "SELECT VALUE c.id FROM c WHERE c.pages > @n AND c.shelf != @s",
        ["origin", "elements"],
        values={"@n": 300, "@s": "novel"},
    ),
    Case("SELECT VALUE c.id FROM c WHERE c.author.born < 1800", ["emma"]),
    Case('SELECT VALUE c.id FROM c WHERE c["author"]["name"] = "Stoker"', ["dracula"]),
    Case("SELECT VALUE c.id FROM c WHERE c.tags[1] = 'wit'", ["emma", "dracula"]),
    Case("SELECT VALUE c.id FROM c WHERE c.pages BETWEEN 418 AND 474", ["emma", "dracula", "elements"]),
    Case("SELECT VALUE c.id FROM c WHERE c.pages NOT BETWEEN 200 AND 474", ["origin"]),
    Case("SELECT VALUE c.id FROM c WHERE c.id IN ('emma', 'faust', 'nobody')", ["emma", "faust"]),
    Case("SELECT VALUE c.id FROM c WHERE c.shelf NOT IN ('novel', 'play')", ["origin", "elements"]),
    Case("SELECT VALUE c.id FROM c WHERE c.title LIKE '%am%'", ["hamlet"]),
    Case("SELECT VALUE c.id FROM c WHERE c.title LIKE '_mma'", ["emma"]),
    Case("SELECT VALUE c.id FROM c WHERE NOT c.lent", []),
    Case("SELECT VALUE c.id FROM c WHERE c.lent", ["elements"]),
    Case("SELECT VALUE c.id FROM c WHERE c.lent OR c.pages = 474", ["emma", "elements"]),
    Case("SELECT VALUE c.id FROM c WHERE c.year / 2 > 900 AND c.year % 2 = 1", ["emma", "dracula", "origin"]),
    Case("SELECT VALUE c.id FROM c WHERE c.year * 2 - 1 = 3615", ["faust"]),
    Case("SELECT VALUE c.id || '!' FROM c WHERE c.year = 1815", ["emma!"]),
    Case("SELECT VALUE c.year ?? 'unknown' FROM c WHERE c.shelf = 'science'", [1859, "unknown"]),
    Case("SELECT VALUE c.pages > 450 ? 'long' : 'short' FROM c", ["long", "short"], shelf=NOVELS),
    Case("SELECT VALUE c.title FROM c WHERE c.title = 'Στοιχεῖα'", ["Στοιχεῖα"]),
    Case(
        "SELECT c.id, c.rating FROM c WHERE c.shelf = 'play'",
        [{"id": "faust", "rating": None}, {"id": "hamlet", "rating": 5}],
    ),
    Case(
        "SELECT c.id, c.author.name, c.author.born AS b FROM c WHERE IS_DEFINED(c.author)",
        [{"id": "emma", "name": "Austen", "b": 1775}, {"id": "dracula", "name": "Stoker", "b": 1847}],
    ),
    Case("SELECT c.id, c.nothing FROM c WHERE c.id = 'emma'", [{"id": "emma"}]),
    Case("SELECT VALUE c.nothing FROM c", []),
    Case("SELECT c.year + 1, 'x' AS y FROM c WHERE c.id = 'emma'", [{"$1": 1816, "y": "x"}]),
    Case(
        "SELECT VALUE {id: c.id, 'tags': c.tags, no: c.nothing, list: [c.pages, c.nothing]} FROM c WHERE c.id = 'emma'",
        [{"id": "emma", "tags": ["love", "wit"], "list": [474]}],
    ),
    Case("SELECT VALUE c['order'] FROM c WHERE c['order'] = 1", [1]),
    Case("SELECT VALUE c.id FROM c WHERE IS_NULL(c.rating)", ["faust"]),
    Case("SELECT VALUE c.id FROM c WHERE IS_DEFINED(c.rating) AND NOT IS_NUMBER(c.rating)", ["faust", "origin"]),
    Case(
        "SELECT VALUE c.id FROM c WHERE IS_STRING(c.rating) OR IS_BOOL(c.lent) OR IS_OBJECT(c.author)",
        ["emma", "dracula", "origin", "elements"],
    ),
    Case("SELECT VALUE c.id FROM c WHERE IS_ARRAY(c.tags) AND ARRAY_LENGTH(c.tags) = 0", ["faust"]),
    Case(
        "SELECT VALUE c.id FROM c WHERE STARTSWITH(c.title, 'E') OR ENDSWITH(c.title, 't')", ["emma", "faust", "hamlet"]
    ),
    Case("SELECT VALUE c.id FROM c WHERE CONTAINS(LOWER(c.title), 'origin')", ["origin"]),
    Case("SELECT VALUE c.id FROM c WHERE STARTSWITH(c.title, 'e', true)", ["emma"]),
    Case("SELECT VALUE UPPER(SUBSTRING(c.title, 0, 2)) FROM c", ["EM", "DR"], shelf=NOVELS),
    Case("SELECT VALUE CONCAT(c.id, '/', c.shelf) FROM c WHERE LENGTH(c.id) = 4", ["emma/novel"]),
    Case(
        "SELECT VALUE [ABS(-2), FLOOR(2.7), CEILING(2.1), ROUND(2.5), ROUND(-2.5)] FROM c WHERE c.id = 'emma'",
        [[2, 2, 3, 3, -3]],
    ),
    Case("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.tags, 'wit')", ["emma", "dracula"]),
    Case("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.loans, {'by': 'bob'}, true)", ["emma"]),
    Case("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.loans, {'by': 'bob'})", []),
    Case(
        "SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(@ids, c.id)",
        ["emma", "faust"],
        values={"@ids": ["emma", "faust"]},
    ),
    Case("SELECT VALUE c.id FROM c WHERE c.author = {'name': 'Austen', 'born': 1775}", ["emma"]),
    Case("SELECT VALUE c.id FROM c WHERE c.rating = 4.5 OR c.rating = '5'", ["dracula"]),
    Case("SELECT VALUE c.id FROM c WHERE c.rating > 1", ["dracula", "hamlet"]),
    Case(
        "SELECT VALUE c.id FROM c ORDER BY c.year DESC",
        ["dracula", "origin", "emma", "faust", "hamlet", "elements"],
        ordered=True,
    ),
    Case(
        "SELECT VALUE c.id FROM c ORDER BY c.rating",
        ["emma", "elements", "faust", "dracula", "hamlet", "origin"],
        ordered=True,
    ),
    Case(
        "SELECT VALUE c.id FROM c WHERE c.pages > 200 ORDER BY c.shelf, c.pages DESC",
        ["emma", "dracula", "origin", "elements"],
        ordered=True,
    ),
    Case("SELECT TOP 2 VALUE c.id FROM c ORDER BY c.pages DESC", ["origin", "emma"], ordered=True),
    Case("SELECT VALUE c.id FROM c ORDER BY c.pages DESC OFFSET 1 LIMIT 2", ["emma", "elements"], ordered=True),
    Case(
        "SELECT VALUE c.id FROM c ORDER BY c.id OFFSET @o LIMIT @l",
        ["elements", "emma", "faust"],
        values={"@o": 1, "@l": 3},
        ordered=True,
    ),
    Case("SELECT VALUE c.id FROM c ORDER BY c.id OFFSET 9 LIMIT 5", []),
    Case("SELECT VALUE COUNT(1) FROM c", [6]),
    Case("SELECT VALUE COUNT(c.rating) FROM c", [4]),
    Case("SELECT VALUE SUM(c.pages) FROM c", [892], shelf=NOVELS),
    Case("SELECT VALUE AVG(c.pages) FROM c", [200], shelf="play"),
    Case("SELECT VALUE MIN(c.year) FROM c", [1603]),
    Case("SELECT VALUE MAX(c.title) FROM c", ["Hamlet"], shelf="play"),
    Case("SELECT VALUE SUM(c.rating) FROM c", []),
    Case(
        "SELECT COUNT(1) AS n, SUM(c.pages) AS pages, MAX(c.year) AS latest FROM c",
        [{"n": 2, "pages": 892, "latest": 1897}],
        shelf=NOVELS,
    ),
    Case(
        "SELECT c.shelf, COUNT(1) AS n, SUM(c.pages) AS pages FROM c GROUP BY c.shelf",
        [{"shelf": "novel", "n": 2, "pages": 892}],
        shelf=NOVELS,
    ),
    Case("SELECT c.pages, COUNT(1) AS n FROM c GROUP BY c.pages", [{"pages": 200, "n": 2}], shelf="play"),
    Case("SELECT DISTINCT VALUE c.shelf FROM c", ["novel", "play", "science"]),
    Case("SELECT DISTINCT c.pages FROM c WHERE c.shelf = 'play'", [{"pages": 200}]),
    Case("SELECT DISTINCT VALUE t FROM c JOIN t IN c.tags", ["love", "wit", "night"]),
    Case(
        "SELECT c.id, t AS tag FROM c JOIN t IN c.tags WHERE t != 'wit'",
        [{"id": "emma", "tag": "love"}, {"id": "dracula", "tag": "night"}, {"id": "elements", "tag": "love"}],
    ),
    Case("SELECT VALUE l.days FROM c JOIN l IN c.loans WHERE l['by'] = 'ann'", [3, 7]),
    Case(
        "SELECT VALUE [t, l['by']] FROM c JOIN t IN c.tags JOIN l IN c.loans WHERE c.id = 'emma'",
        [["love", "ann"], ["love", "bob"], ["wit", "ann"], ["wit", "bob"]],
    ),
    Case(
        "SELECT VALUE l FROM l IN c.loans",
        [{"by": "ann", "days": 3}, {"by": "bob", "days": 14}, {"by": "ann", "days": 7}],
    ),
    Case("SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE l FROM l IN c.loans WHERE l.days > 10)", ["emma"]),
    Case("SELECT VALUE c.id FROM c WHERE NOT EXISTS(SELECT VALUE t FROM t IN c.tags)", ["faust", "hamlet", "origin"]),
    Case(
        "SELECT c.id, ARRAY(SELECT VALUE l['by'] FROM l IN c.loans) AS readers FROM c",
        [{"id": "emma", "readers": ["ann", "bob"]}, {"id": "dracula", "readers": ["ann"]}],
        shelf=NOVELS,
    ),
    Case(
        "SELECT c.id, (SELECT VALUE SUM(l.days) FROM l IN c.loans) AS days FROM c",
        [{"id": "emma", "days": 17}, {"id": "dracula", "days": 7}],
        shelf=NOVELS,
    ),
    Case("SELECT VALUE s FROM c JOIN (SELECT VALUE l['by'] FROM l IN c.loans WHERE l.days < 10) AS s", ["ann", "ann"]),
    Case("SELECT VALUE COUNT(1) FROM c JOIN t IN c.tags", [5]),
    Case("SELECT VALUE c.id /* a remark */ FROM c WHERE c.title = 'Emma' -- another", ["emma"]),
    Case('SELECT VALUE \'it\\\'s "é"\' FROM c WHERE c.id = "emma"', ['it\'s "é"']),
]

# Queries whose pages are put together again.
PAGED = [
    "SELECT VALUE c.id FROM c",
    "SELECT VALUE c.id FROM c WHERE c.pages > 200",
    "SELECT VALUE t FROM c JOIN t IN c.tags",
    "SELECT VALUE c.id FROM c ORDER BY c.pages",
    "SELECT VALUE c.id FROM c ORDER BY c.rating DESC",
    "SELECT VALUE [c.id, t] FROM c JOIN t IN c.tags ORDER BY c.year",
    "SELECT DISTINCT VALUE c.pages FROM c",
    "SELECT VALUE c.id FROM c OFFSET 1 LIMIT 4",
    "SELECT VALUE c.id FROM c ORDER BY c.id DESC OFFSET 2 LIMIT 3",
    "SELECT TOP 3 VALUE c.id FROM c",
    "SELECT c.shelf, COUNT(1) AS n FROM c GROUP BY c.shelf",
]

# Queries that are refused, and a word of the reason.
BAD = {
    "SELECT VALUE c.id FORM c": "yntax error",
    "SELECT VALUE c.order FROM c": "order",
    "SELECT VALUE c.id FROM c WHERE d.x = 1": "d",
    "SELECT VALUE NOSUCHFUNCTION(c.id) FROM c": "NOSUCHFUNCTION",
    "SELECT c.id, COUNT(1) AS n FROM c GROUP BY c.pages": "GROUP BY",
    "SELECT VALUE c.id FROM c WHERE c.id = @missing": "missing",
    "SELECT * FROM c JOIN t IN c.tags": "SELECT *",
    "SELECT VALUE c.id FROM c ORDER BY c.title, c.pages": "composite index",
    "SELECT VALUE c.id FROM c ORDER BY LOWER(c.title)": "ORDER BY",
    "SELECT VALUE c.id FROM c WHERE COUNT(1) > 1": "COUNT",
}
