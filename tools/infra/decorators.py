"""Bicep's decorators: which there are, and what each is given.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
"""

from collections.abc import Callable

from tools.infra import syntax as s
from tools.infra.report import Report


def text(expr: s.Expr) -> bool:
    """Whether this is a string that is known as it stands."""
    return isinstance(expr, s.Literal) and isinstance(expr.value, str)


def number(expr: s.Expr) -> bool:
    """Whether this is a number, which may be negative."""
    inner = expr.value if isinstance(expr, s.Unary) else expr
    return isinstance(inner, s.Literal) and type(inner.value) is int


TAKES: dict[str, tuple[Callable[[s.Expr], bool], ...]] = {
    "allowed": (lambda expr: isinstance(expr, s.Array),),
    "batchSize": (number,),
    "description": (text,),
    "discriminator": (text,),
    "export": (),
    "maxLength": (number,),
    "maxValue": (number,),
    "metadata": (lambda expr: isinstance(expr, s.Object),),
    "minLength": (number,),
    "minValue": (number,),
    "onlyIfNotExists": (),
    "sealed": (),
    "secure": (),
}


def check_decorators(decorators: list[s.Call], report: Report) -> None:
    """Report decorators that there are not, and those that are given something else than they take."""
    for call in decorators:
        takes = TAKES.get(call.name)
        if takes is None:
            report.add("reference", call.at, f"there is no decorator {call.name}")
        elif len(call.arguments) != len(takes) or not all(map(lambda ok, one: ok(one), takes, call.arguments)):
            report.add("type", call.at, f"the decorator {call.name} is not given what it takes")
