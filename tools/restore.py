"""Copies documents from a restored database into the one at hand: `python -m tools.restore --from ENDPOINT`.

The database at hand is the one that the app's settings name. Documents that are there stay as they are, unless
`--overwrite` is said. With `--dataset ID` only what belongs to that dataset is copied: its document and its shards.
Keys, where accounts have them: PIXCRAWLER_COSMOS_KEY, and PIXCRAWLER_RESTORED_KEY for the restored one.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared import cosmos
from shared.settings import settings

if TYPE_CHECKING:
    from azure.cosmos import DatabaseProxy

SYSTEM = ("_rid", "_self", "_etag", "_attachments", "_ts", "_lsn")
_OF_A_DATASET = {"datasets": "c.id = @dataset", "shards": "c.dataset = @dataset"}


class NotWholeError(Exception):
    """The restored account does not have what is asked for; the message says what to do."""


def restored(endpoint: str) -> "DatabaseProxy":
    """The database in the account that was restored."""
    from azure.cosmos import CosmosClient

    key = os.environ.get("PIXCRAWLER_RESTORED_KEY")
    if key is None:
        from azure.identity import DefaultAzureCredential

        client = CosmosClient(endpoint, DefaultAzureCredential())
    else:
        client = CosmosClient(endpoint, key)
    return client.get_database_client(settings().cosmos_database)


def documents(source: "DatabaseProxy", dataset: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every document that is asked for, with the name of its container."""
    for name in _OF_A_DATASET if dataset else cosmos.CONTAINERS:
        found = source.get_container_client(name).query_items(
            "SELECT * FROM c" + (f" WHERE {_OF_A_DATASET[name]}" if dataset else ""),  # noqa: S608 (no outside text in it)
            parameters=[{"name": "@dataset", "value": dataset}] if dataset else None,
            enable_cross_partition_query=True,
        )
        for item in found:
            yield name, {key: value for key, value in item.items() if key not in SYSTEM}


def check_dataset(source: "DatabaseProxy", dataset: str) -> None:
    """`NotWholeError` when the dataset was not there at that moment, or was being deleted."""
    states = [item.get("state") for name, item in documents(source, dataset) if name == "datasets"]
    if not states:
        msg = f"dataset {dataset} is not in the restored account: choose another moment"
        raise NotWholeError(msg)
    if states == ["deleting"]:
        msg = f"dataset {dataset} was being deleted, and the app would go on with that: choose an earlier moment"
        raise NotWholeError(msg)


def copy(source: "DatabaseProxy", *, dataset: str | None = None, overwrite: bool = False) -> tuple[int, int]:
    """Copy; returns how many documents were written, and how many were left because they are there."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    written = left = 0
    for name, item in documents(source, dataset):
        target = cosmos.container(name)
        try:
            if overwrite:
                target.upsert_item(item)
            else:
                target.create_item(item)
            written += 1
        except CosmosResourceExistsError:
            left += 1
    return written, left


def main(arguments: list[str] | None = None) -> int:
    """Copy what is asked for; exit code 1 when a database cannot be worked with."""
    from azure.core.exceptions import AzureError

    parser = ArgumentParser(prog="python -m tools.restore", description=__doc__)
    parser.add_argument("--from", dest="endpoint", required=True, metavar="ENDPOINT", help="of the restored account")
    parser.add_argument("--dataset", help="only this one, by its id")
    parser.add_argument("--overwrite", action="store_true", help="documents that are there too")
    options = parser.parse_args(arguments)
    try:
        source = restored(options.endpoint)
        if options.dataset:
            check_dataset(source, options.dataset)
        written, left = copy(source, dataset=options.dataset, overwrite=options.overwrite)
    except (AzureError, NotWholeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{written} documents are written; {left} were there and are as they were\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
