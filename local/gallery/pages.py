"""What people see of the gallery: the front page, the page of a picture, robots.txt."""

from html import escape

from local.gallery.catalogue import Catalogue
from local.gallery.exhibits import ROBOTS_DISALLOWED, SITES, Exhibit
from local.gallery.photographs import PHOTOGRAPHS
from local.gallery.topics import TOPICS

_HEAD = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n'
_FOOT = "</body></html>\n"


def title(exhibit: Exhibit) -> str:
    """What a picture is called."""
    return f"{PHOTOGRAPHS[exhibit.photograph].title}, {exhibit.topic} {exhibit.number}"


def front(catalogue: Catalogue, site: int) -> str:
    """What hangs on a site, and what the whole gallery has of each topic."""
    rows = [
        f"<tr><td>{topic.name}</td><td>{catalogue.distinct(topic.name)}</td>"
        f"<td>{len(catalogue.listed(topic.name))}</td><td>{', '.join(sorted(topic.words))}</td></tr>"
        for topic in TOPICS.values()
    ]
    table = "<tr><th>topic</th><th>different pictures</th><th>search results</th><th>words</th></tr>" + "\n".join(rows)
    items = [
        f'<li><a href="{escape(exhibit.target)}">{escape(exhibit.target)}</a> {exhibit.kind}, {exhibit.behaviour}, '
        f'<a href="{exhibit.page}">{escape(title(exhibit))}</a></li>'
        for exhibit in catalogue.exhibits
        if exhibit.site == site
    ]
    heading = (
        f"<h1>{SITES[site]}</h1>\n<p>A site of the sample gallery. The archive answers /search?q=WORDS&amp;page=N.</p>"
    )
    body = f"{heading}\n<table>{table}</table>\n<ul>\n{'\n'.join(items)}\n</ul>\n"
    return _HEAD.format(title=SITES[site]) + body + _FOOT


def picture(exhibit: Exhibit, image_url: str) -> str:
    """The page of a picture, with its maker, licence and origin."""
    photograph = PHOTOGRAPHS[exhibit.photograph]
    name = escape(title(exhibit))
    credit = f"{escape(photograph.author)}, {photograph.licence}, <a href='{photograph.origin}'>origin</a>"
    return (
        _HEAD.format(title=name) + f"<h1>{name}</h1>\n<img src='{image_url}' alt='{name}'>\n<p>{credit}</p>\n" + _FOOT
    )


def robots(site: int) -> str:
    """robots.txt (RFC 9309): everything is open, but for the members' pages of the mirror."""
    disallowed = ROBOTS_DISALLOWED if SITES[site] == "mirror" else ""
    return f"User-agent: *\nDisallow: {disallowed}\n"
