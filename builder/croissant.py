"""`croissant.json`: the dataset for machines, in ML Commons' Croissant 1.0 (mlcommons.org/croissant)."""

import hashlib
import json
from collections.abc import Mapping

from builder.attribution import attribution_csv
from builder.exports.base import About, Rows
from builder.formats import MEDIA_TYPES
from builder.spec import slugify

type Json = str | int | bool | list["Json"] | Mapping[str, "Json"]

_CONTEXT: Mapping[str, Json] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The specification's context (docs.mlcommons.org/croissant/docs/croissant-spec.html), inline: reading needs no
network."""

_TEXT, _INTEGER, _IMAGE, _URL = "sc:Text", "sc:Integer", "sc:ImageObject", "sc:URL"

_ATTRIBUTION_FIELDS = {
    "file": _TEXT,
    "label": _TEXT,
    "split": _TEXT,
    "title": _TEXT,
    "source_url": _URL,
    "page_url": _URL,
    "engine": _TEXT,
    "licence": _TEXT,
}

_INDEX_FIELDS = {
    "key": _TEXT,
    "label": _TEXT,
    "split": _TEXT,
    "format": _TEXT,
    "width": _INTEGER,
    "height": _INTEGER,
    "size_bytes": _INTEGER,
    "sha256": _TEXT,
    "phash": _TEXT,
    "url": _URL,
    "page_url": _URL,
    "title": _TEXT,
    "licence": _TEXT,
    "shard": _TEXT,
    "offset": _INTEGER,
}


def folder_croissant(about: About, rows: Rows) -> bytes:
    """Metadata of an unpacked `imagefolder` export: images by split and label, and their attribution."""
    digest = hashlib.sha256()
    size = 0
    for piece in attribution_csv(rows()):
        digest.update(piece)
        size += len(piece)
    table = _file_object("attribution.csv", "text/csv", digest.hexdigest(), size)
    formats = sorted(about.report.formats) or ["jpeg"]
    media_types: list[Json] = [MEDIA_TYPES[name] for name in formats]
    images: dict[str, Json] = {
        "@type": "cr:FileSet",
        "@id": "images",
        "name": "images",
        "description": "The images, as split/label/file.",
        "encodingFormat": media_types,
        "includes": ["train/*/*", "val/*/*", "test/*/*"],
    }
    path = {"fileSet": {"@id": "images"}, "extract": {"fileProperty": "fullpath"}}
    content = {"fileSet": {"@id": "images"}, "extract": {"fileProperty": "content"}}
    fields: list[Json] = [
        _field("samples", "image", _IMAGE, content),
        _field("samples", "split", _TEXT, {**path, "transform": {"regex": r"(?:^|.*/)(train|val|test)/[^/]+/[^/]+$"}}),
        _field(
            "samples", "label", _TEXT, {**path, "transform": {"regex": r"(?:^|.*/)(?:train|val|test)/([^/]+)/[^/]+$"}}
        ),
    ]
    samples = _record_set("samples", "One record per image: its pixels, its split and its label.", fields)
    origin = _table_record_set("attribution", "Where each image comes from.", "attribution.csv", _ATTRIBUTION_FIELDS)
    return _metadata(about, [table, images], [samples, origin])


def index_croissant(about: About, sha256: str, size: int) -> bytes:
    """Metadata of the dataset's folder: `index.parquet`, which says where in the shards the images are.

    `sha256` (hex) and `size` (bytes) are those of that file.
    """
    table = _file_object("index.parquet", "application/x-parquet", sha256, size)
    images = _table_record_set("images", "One record per image.", "index.parquet", _INDEX_FIELDS)
    return _metadata(about, [table], [images])


def _metadata(about: About, distribution: list[Json], record_sets: list[Json]) -> bytes:
    report = about.report
    licences: list[Json] = [name for name in report.licences if name]
    labels = ", ".join(label.label for label in report.labels)
    document: dict[str, Json] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": report.name,
        "description": f"{report.totals.accepted} images of {len(report.labels)} labels: {labels}.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": licences or ["unknown: see attribution.csv"],
        "version": "1.0.0",
        "citeAs": _citation(about),
        "distribution": distribution,
        "recordSet": record_sets,
    }
    if about.url:
        document["url"] = about.url
    if about.created:
        document["datePublished"] = about.created.isoformat()
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _citation(about: About) -> str:
    """BibTeX. The images have authors of their own: they are in the attribution."""
    year = f", year = {{{about.created.year}}}" if about.created else ""
    url = f", url = {{{about.url}}}" if about.url else ""
    name = about.report.name
    return f"@misc{{{slugify(name)}, title = {{{name}}}{year}{url}, note = {{Made with PixCrawler}}}}"


def _file_object(name: str, media_type: str, sha256: str, size: int) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": media_type,
        "sha256": sha256,
    }


def _record_set(name: str, description: str, fields: list[Json]) -> Json:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}


def _table_record_set(name: str, description: str, file: str, columns: Mapping[str, str]) -> Json:
    fields: list[Json] = [
        _field(name, column, kind, {"fileObject": {"@id": file}, "extract": {"column": column}})
        for column, kind in columns.items()
    ]
    return _record_set(name, description, fields)


def _field(record_set: str, name: str, kind: str, source: Mapping[str, Json]) -> Json:
    return {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "dataType": kind, "source": source}
