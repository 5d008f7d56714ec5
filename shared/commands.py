"""What operators' commands share: failures that somebody can do something about, in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError

from shared.problems import ProblemError


@contextmanager
def in_words() -> Iterator[None]:
    """Failures that an operator can do something about, in a sentence and with exit code 1."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        yield
    except ProblemError as problem:
        raise click.ClickException(problem.detail) from None
    except ValidationError as error:
        where = ", ".join(str(fault["loc"][0]) if fault["loc"] else fault["msg"] for fault in error.errors())
        raise click.ClickException(f"{error.title}: not valid: {where}") from None
    except ClientAuthenticationError:
        raise click.ClickException(
            "the database lets nobody in with these credentials: sign in, or see PIXCRAWLER_COSMOS_KEY"
        ) from None
    except AzureError as error:
        raise click.ClickException(
            f"the database does not answer as it should ({type(error).__name__}): see PIXCRAWLER_COSMOS_ENDPOINT"
        ) from None
