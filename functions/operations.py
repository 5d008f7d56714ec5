"""What the API offers: every HTTP operation, declared where its handler is, listed here.

`@operation(...)` registers the handler with the function app and puts it behind the stages that every request goes
through. Credentials, limits, the description of the API and the tests that walk all routes come from `OPERATIONS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from inspect import cleandoc
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from functions.stages import through
from shared.access import Role

type Body = type[BaseModel] | tuple[str, ...]
"""A JSON body of this model, or bytes of one of these media types."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `role`: the least that may ask; None when anybody may, without credentials.
    `answers`: what comes back by status, None for no body. `problems`: statuses that only this operation has, beyond
    those that every operation may answer (`functions.stages`) and those that follow from its parameters and body.
    `query`: its parameters; `query` and `body` are read by `functions.http.asked` and `json_body`.
    `action`: what the audit trail calls it, `thing.verb`; for everything that changes something.
    `replayable`: False when the answer to a POST holds a secret or a signed link, which must not be kept: sent again
    with its Idempotency-Key it is told that it was done. An operation that honours If-Match has 412 in `problems`.
    """

    name: str
    method: str
    path: str
    role: Role | None
    summary: str
    description: str
    answers: Mapping[int, Body | None]
    problems: tuple[int, ...] = ()
    query: type[BaseModel] | None = None
    body: Body | None = None
    action: str | None = None
    tag: str = ""
    replayable: bool = True


OPERATIONS: list[Operation] = []

type Handler = Callable[..., Awaitable[Response]]


@dataclass
class Blueprint:
    """The operations of one module: `bp` goes to the function app, `tag` groups them in the description."""

    tag: str
    bp: df.Blueprint = field(
        # The host lets everybody in: who may do what is decided by the stages.
        default_factory=lambda: df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)
    )

    def operation(
        self,
        method: str,
        path: str,
        *,
        role: Role | None,
        answers: Mapping[int, Body | None],
        problems: tuple[int, ...] = (),
        query: type[BaseModel] | None = None,
        body: Body | None = None,
        action: str | None = None,
        durable: bool = False,
        replayable: bool = True,
    ) -> Callable[[Handler], Any]:
        """Decorator for `async def handler(request)`, or `(request, client)` with a Durable client if `durable`.

        Its docstring is the operation's summary (first line) and description. ValueError when it changes something
        and has no `action`, or is declared twice.
        """

        def declare(handler: Handler) -> Any:
            summary, _, description = cleandoc(handler.__doc__ or "").partition("\n")
            declared = Operation(
                name=handler.__name__,
                method=method,
                path=path,
                role=role,
                summary=summary.rstrip("."),
                description=" ".join(description.split()),
                answers=answers,
                problems=problems,
                query=query,
                body=body,
                action=action,
                tag=self.tag,
                replayable=replayable,
            )
            if any(one.name == declared.name or (one.method, one.path) == (method, path) for one in OPERATIONS):
                msg = f"{method} {path} ({declared.name}) is declared twice"
                raise ValueError(msg)
            if method != "GET" and action is None:
                msg = f"{method} {path} changes something and has no `action` for the audit trail"
                raise ValueError(msg)
            OPERATIONS.append(declared)

            # The worker looks at the parameters' names: they are the bindings'.
            @wraps(handler)
            async def staged(*args: Any, **kwargs: Any) -> Response:
                request: Request = next(value for value in (*args, *kwargs.values()) if isinstance(value, Request))
                request.state.operation = declared
                return await through(declared, request, lambda: handler(*args, **kwargs))

            function: Any = staged
            if durable:
                function = self.bp.durable_client_input(client_name="client")(function)
            return self.bp.route(path, methods=[method], trigger_arg_name="request")(function)

        return declare
