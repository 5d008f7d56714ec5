"""Rows for tests that need no pictures."""

import hashlib
from collections.abc import Iterable, Iterator

from hypothesis import strategies as st

from builder.rows import ImageRow

LABELS = ("cat", "dog", "owl")


def row(number: int, label: str = "cat", **fields: object) -> ImageRow:
    """An accepted row, its fields derived from its number; `fields` override."""
    digest = hashlib.sha256(f"{label} {number}".encode()).hexdigest()
    made: dict[str, object] = {
        "key": f"{label}-{number // 64:05}-{number % 64:02}",
        "label": label,
        "url": f"https://example.org/{label}/{number}.jpg",
        "engine": "bing",
        "query": f"{label} photo",
        "verdict": "accepted",
        "source_sha256": digest,
        "sha256": digest,
        "phash": digest[:16],
        "format": "jpeg",
        "width": 640,
        "height": 480,
        "source_width": 640,
        "source_height": 480,
        "size_bytes": 50_000 + number,
    }
    return ImageRow.model_validate(made | fields)


def lines_of(rows: Iterable[ImageRow]) -> Iterator[bytes]:
    """The accepted ones as JSON."""
    return (one.model_dump_json().encode() for one in rows if one.verdict == "accepted")


@st.composite
def datasets(draw: st.DrawFn) -> list[ImageRow]:
    """Rows of several labels in which hashes are often close or equal, with verdicts of an earlier run."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6))
    rows = []
    for number in range(draw(st.integers(0, 30))):
        bits = draw(st.lists(st.integers(0, 63), max_size=10))
        phash = draw(st.sampled_from(centres))
        for bit in bits:
            phash ^= 1 << bit
        content = hashlib.sha256(str(draw(st.integers(0, 20))).encode()).hexdigest() if draw(st.booleans()) else None
        fields: dict[str, object] = {"sha256": content, "source_sha256": content} if content else {}
        side = draw(st.sampled_from([100, 200]))
        rows.append(
            row(
                number,
                draw(st.sampled_from(LABELS)),
                phash=f"{phash:016x}",
                source_width=side,
                source_height=side,
                size_bytes=draw(st.integers(1, 3)),
                verdict=draw(st.sampled_from(["accepted", "duplicate", "surplus", "rejected", "failed"])),
                **fields,
            )
        )
    return rows
