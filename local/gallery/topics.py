"""What the gallery has pictures of, and which words find them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A label that the gallery can fill. `pictures` counts its good ones, no two alike; `tile` is width, height."""

    name: str
    words: frozenset[str]
    photographs: tuple[str, ...]
    pictures: int
    tile: tuple[int, int]  # pixels of the details cut from each photograph


TOPICS = {
    topic.name: topic
    for topic in (
        Topic(
            "landscape",
            frozenset({"landscape", "landscapes", "mountain", "mountains", "canyon", "valley", "countryside"}),
            ("black-canyon", "dust-bowl-home", "french-alpine-landscape", "march-pastoral", "china"),
            64,
            (256, 208),
        ),
        Topic(
            "plant",
            frozenset({"plant", "plants", "flower", "flowers", "leaf", "leaves", "grass", "botany"}),
            ("acanthus-mollis", "allium-oreophilum", "flower", "grass"),
            48,
            (256, 208),
        ),
        Topic(
            "vehicle",
            frozenset({"vehicle", "vehicles", "boat", "boats", "airplane", "airplanes", "rocket", "rockets"}),
            ("airplane-from-above", "nagasaki-boats", "rocket"),
            56,
            (224, 192),
        ),
        Topic(
            "space",
            frozenset({"space", "galaxy", "galaxies", "star", "stars", "astronaut", "astronauts", "hubble"}),
            ("hubble_deep_field", "astronaut"),
            32,
            (224, 192),
        ),
        Topic(
            "cat",
            frozenset({"cat", "cats", "kitten", "kittens", "tabby"}),
            ("chelsea", "locomotion-house-cat"),
            16,
            (256, 208),
        ),
    )
}


def find(query: str) -> tuple[Topic, ...]:
    """The topics that a query names by one of their words, in the order of `TOPICS`; empty if it names none."""
    words = set(re.findall(r"[a-z]+", query.lower()))
    return tuple(topic for topic in TOPICS.values() if words & topic.words)
