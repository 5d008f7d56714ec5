"""Exit codes, and which error ends with which."""

import re
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from builder.errors import (
    BuilderError,
    DifferentBuildError,
    ManifestError,
    NotADatasetError,
    SettingError,
    TakeDownListError,
    UnknownFormatError,
    UrlListError,
)
from builder.remote.errors import RefusedError

if TYPE_CHECKING:
    from builder.report import Report


class Exit(IntEnum):
    """What the command's exit code says."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    NOTHING = 4
    INTERRUPTED = 130


CODES_EXPLAINED = """\
\b
Exit codes:
  0    done
  1    something failed that should not have
  2    the command line, a list, a file or a folder cannot be used as it is; a server refused the request
  3    done, but incomplete: fewer images than asked for, or some are gone
  4    nothing found: not a single image
  130  interrupted; the same command again goes on where it stopped
"""

CODES = "Exit codes: 0 done, 1 failed, 2 bad usage, 3 incomplete, 4 nothing found, 130 interrupted."
"""The same in a line, for the help of each command."""

_INPUT = (
    DifferentBuildError,
    ManifestError,
    NotADatasetError,
    RefusedError,
    SettingError,
    TakeDownListError,
    UnknownFormatError,
    UrlListError,
)
_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)


class InputError(BuilderError, ValueError):
    """What the command was given cannot be used; the message says what would be."""


def exit_of(error: Exception) -> Exit:
    """The exit code for an error that was foreseen."""
    if isinstance(error, RefusedError) and error.again:  # too many requests: another time they are let in
        return Exit.FAILED
    return Exit.USAGE if isinstance(error, (InputError, *_INPUT, *_FILES)) else Exit.FAILED


def foreseen(error: Exception) -> bool:
    """Whether the error's own words are all that people need: a traceback would only hide them."""
    return isinstance(error, BuilderError | OSError)


def outcome(report: "Report") -> Exit:
    """How a build ended."""
    if not report.totals.accepted:
        return Exit.NOTHING
    return Exit.DONE if report.complete else Exit.INCOMPLETE


def words(error: Exception) -> str:
    """The error in a sentence; an `OSError` names its file."""
    if isinstance(error, OSError) and not isinstance(error, BuilderError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def tell(line: str, *, err: bool = False) -> None:
    """A line about files or pages, whose names are anybody's: what would steer the terminal is shown as an escape."""
    click.echo(_CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", line), err=err)


def say(text: str) -> None:
    """A line on stderr, where all that is no result goes."""
    click.echo(text, err=True)
