"""Documents that have everything queries trip over: missing, null and mixed values, nesting, arrays, other scripts."""

from typing import Any

INDEXING: dict[str, Any] = {
    "compositeIndexes": [
        [{"path": "/shelf", "order": "ascending"}, {"path": "/pages", "order": "descending"}],
        [{"path": "/year", "order": "ascending"}, {"path": "/pages", "order": "ascending"}],
    ]
}

BOOKS: list[dict[str, Any]] = [
    {
        "id": "emma",
        "shelf": "novel",
        "title": "Emma",
        "pages": 474,
        "year": 1815,
        "tags": ["love", "wit"],
        "author": {"name": "Austen", "born": 1775},
        "loans": [{"by": "ann", "days": 3}, {"by": "bob", "days": 14}],
        "order": 1,
    },
    {
        "id": "dracula",
        "shelf": "novel",
        "title": "Dracula",
        "pages": 418,
        "year": 1897,
        "tags": ["night", "wit"],
        "author": {"name": "Stoker", "born": 1847},
        "loans": [{"by": "ann", "days": 7}],
        "rating": 4.5,
    },
    {"id": "faust", "shelf": "play", "title": "Faust", "pages": 200, "year": 1808, "tags": [], "rating": None},
    {"id": "hamlet", "shelf": "play", "title": "Hamlet", "pages": 200, "year": 1603, "loans": [], "rating": 5},
    {
        "id": "origin",
        "shelf": "science",
        "title": "On the Origin of Species",
        "pages": 502,
        "year": 1859,
        "rating": "A",
    },
    {"id": "elements", "shelf": "science", "title": "Στοιχεῖα", "pages": 465, "tags": ["love"], "lent": True},
]
