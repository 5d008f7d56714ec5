"""The `context` that a function may ask for: azure.functions.Context with this host's values."""

import threading
from dataclasses import dataclass, field

import azure.functions as func
from azure.functions._abc import RetryContext, RpcException, TraceContext  # not exported, yet part of Context

_thread_local = threading.local()


@dataclass(frozen=True)
class HostTraceContext(TraceContext):
    """W3C trace context of the invocation; empty strings when the caller sent none."""

    parent: str = ""
    state: str = ""

    @property
    def trace_parent(self) -> str:
        """The `traceparent` header."""
        return self.parent

    @property
    def trace_state(self) -> str:
        """The `tracestate` header."""
        return self.state

    @property
    def attributes(self) -> dict[str, str]:
        """Further attributes: this host has none."""
        return {}


class _EarlierFailure(RpcException):
    """Stands for the failures before this try, which are in the log."""

    source = ""
    stack_trace = ""
    message = "see the log"


_EARLIER_FAILURE = _EarlierFailure()


@dataclass(frozen=True)
class HostRetryContext(RetryContext):
    """How often this invocation was tried before, for triggers that are tried again."""

    tried: int = 0
    limit: int = 0

    @property
    def retry_count(self) -> int:
        """Tries before this one."""
        return self.tried

    @property
    def max_retry_count(self) -> int:
        """Tries there will be at most."""
        return self.limit

    @property
    def exception(self) -> RpcException:
        """The last failure."""
        return _EARLIER_FAILURE


@dataclass(frozen=True)
class InvocationContext(func.Context):
    """What the Python worker gives a function as `context`."""

    id: str
    name: str
    directory: str
    trace: HostTraceContext = field(default_factory=HostTraceContext)
    retry: HostRetryContext = field(default_factory=HostRetryContext)

    @property
    def invocation_id(self) -> str:
        """A UUID, new for every invocation."""
        return self.id

    @property
    def thread_local_storage(self) -> threading.local:  # type: ignore[override]  # the base says type[local], wrongly
        """Holds `invocation_id` in the threads that run functions."""
        return _thread_local

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self.name

    @property
    def function_directory(self) -> str:
        """The app's directory."""
        return self.directory

    @property
    def trace_context(self) -> HostTraceContext:
        """For distributed tracing."""
        return self.trace

    @property
    def retry_context(self) -> HostRetryContext:
        """For triggers that are tried again."""
        return self.retry
