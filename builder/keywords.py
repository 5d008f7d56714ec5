"""Queries of a label: the ones that a person gave, or a considered list made from its name."""

from builder.spec import LabelSpec

TEMPLATES = (
    "{name}",
    "{name} photo",
    "{name} close up",
    "{name} high resolution",
    "{name} side view",
    "{name} outdoors",
    "{name} indoors",
    "{name} in daylight",
    "{name} at night",
    "{name} in the background",
    "many {name}",
    "{name} wikimedia commons",
)
"""From the plainest to the rarest: engines answer each with largely other pictures, and the first are the surest.

They vary what a class should be recognised under (distance, angle, light, place, number) and hold for things, animals,
plants, people's doings and places alike; none names a style (drawing, icon, logo) that a photograph is not.
"""


def expand(label: LabelSpec) -> tuple[str, ...]:
    """Return the queries of `label`, unique whatever their case, in the order in which they are to be asked."""
    queries = label.queries or tuple(template.format(name=label.name) for template in TEMPLATES)
    unique: dict[str, str] = {}
    for query in queries:
        tidy = " ".join(query.split())
        unique.setdefault(tidy.casefold(), tidy)
    return tuple(unique.values())
