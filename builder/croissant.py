"""`croissant.json`: the dataset for machines, in ML Commons' Croissant 1.0 (mlcommons.org/croissant)."""

import json
from collections.abc import Mapping, Sequence

from builder.exports.base import About, ExportedFile
from builder.formats import MEDIA_TYPES
from builder.rows import SPLITS
from builder.spec import ExportFormat, slugify

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


def export_croissant(
    about: About, layout: ExportFormat, attribution: ExportedFile, files: Sequence[ExportedFile] = ()
) -> bytes:
    """Metadata of an export, unpacked where it is a zip: images with split and label, and their attribution.

    `attribution` is the layout's attribution.csv; `files` are the shards of `webdataset`. Of that layout only the
    table has records: mlcroissant 1.1 unpacks tars into a cache by their relative names, where those of two datasets
    would be taken for each other.
    """
    origin = _table_record_set("attribution", "Where each image comes from.", attribution.name, _ATTRIBUTION_FIELDS)
    table = _file_object("text/csv", attribution)
    if layout == "webdataset":
        return _metadata(about, [*(_file_object("application/x-tar", file) for file in files), table], [origin])
    if layout == "parquet":
        images = _file_set("application/x-parquet", "The images, a row each.", ["data/*.parquet"])
        samples = _record_set("samples", "One record per image.", _parquet_fields())
    else:
        media_types: list[Json] = [MEDIA_TYPES[name] for name in sorted(about.report.formats)]
        flat = layout == "coco"
        includes: list[Json] = [f"{split}/{'*' if flat else '*/*'}" for split in SPLITS]
        images = _file_set(media_types, "The images.", includes)
        fields = _flat_fields(attribution.name) if flat else _folder_fields()
        samples = _record_set("samples", "One record per image: its pixels, its split and its label.", fields)
    return _metadata(about, [table, images], [samples, origin])


def _folder_fields() -> list[Json]:
    """Of `split/label/file`."""
    return [
        _field("samples", "image", _IMAGE, _of_image("content")),
        _field("samples", "split", _TEXT, _of_image("fullpath", r"(?:^|.*/)(train|val|test)/[^/]+/[^/]+$")),
        _field("samples", "label", _TEXT, _of_image("fullpath", r"(?:^|.*/)(?:train|val|test)/([^/]+)/[^/]+$")),
    ]


def _flat_fields(table: str) -> list[Json]:
    """Of `split/file`: the label comes from the table of attributions, joined by the file's path."""
    path = _of_image("fullpath", r"(?:^|.*/)((?:train|val|test)/[^/]+)$")
    joined = _field("samples", "file", _TEXT, path)
    return [
        {**joined, "references": _of_column(table, "file")},
        _field("samples", "image", _IMAGE, _of_image("content")),
        _field("samples", "split", _TEXT, _of_column(table, "split")),
        _field("samples", "label", _TEXT, _of_column(table, "label")),
    ]


def _parquet_fields() -> list[Json]:
    def column(name: str) -> dict[str, Json]:
        return {"fileSet": {"@id": "images"}, "extract": {"column": name}}

    split = _of_image("fullpath", r"(?:^|.*/)data/(train|validation|test)-.*$")
    return [
        _field("samples", "image", _IMAGE, {**column("image"), "transform": {"jsonPath": "bytes"}}),
        _field("samples", "split", _TEXT, split),
        _field("samples", "label", _INTEGER, column("label")),
        _field("samples", "key", _TEXT, column("key")),
    ]


def _of_image(file_property: str, regex: str | None = None) -> dict[str, Json]:
    source: dict[str, Json] = {"fileSet": {"@id": "images"}, "extract": {"fileProperty": file_property}}
    return {**source, "transform": {"regex": regex}} if regex else source


def _of_column(table: str, column: str) -> Mapping[str, Json]:
    return {"fileObject": {"@id": table}, "extract": {"column": column}}


def index_croissant(about: About, sha256: str, size: int) -> bytes:
    """Metadata of the dataset's folder: `index.parquet`, which says where in the shards the images are.

    `sha256` (hex) and `size` (bytes) are those of that file.
    """
    table = _file_object("application/x-parquet", ExportedFile(name="index.parquet", bytes=size, sha256=sha256))
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
        "version": f"{about.version or 1}.0.0",
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


def _file_object(media_type: str, file: ExportedFile) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": media_type,
        "sha256": file.sha256,
    }


def _file_set(media_type: str | list[Json], description: str, includes: list[Json]) -> Json:
    return {
        "@type": "cr:FileSet",
        "@id": "images",
        "name": "images",
        "description": description,
        "encodingFormat": media_type,
        "includes": includes,
    }


def _record_set(name: str, description: str, fields: list[Json]) -> Json:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}


def _table_record_set(name: str, description: str, file: str, columns: Mapping[str, str]) -> Json:
    fields: list[Json] = [_field(name, column, kind, _of_column(file, column)) for column, kind in columns.items()]
    return _record_set(name, description, fields)


def _field(record_set: str, name: str, kind: str, source: Mapping[str, Json]) -> Mapping[str, Json]:
    return {"@type": "cr:Field", "@id": f"{record_set}/{name}", "name": name, "dataType": kind, "source": source}
