"""The parts of a Bicep file: declarations, expressions and types, each with the line that it stands on."""

from dataclasses import dataclass, field

from tools.infra.report import Place

type Scalar = str | int | bool | None


@dataclass(frozen=True)
class Literal:
    """A string without interpolation, a number, a boolean or null."""

    at: Place
    value: Scalar


@dataclass(frozen=True)
class Text:
    """A string with interpolation: pieces of text and expressions."""

    at: Place
    parts: "tuple[str | Expr, ...]"


@dataclass(frozen=True)
class Array:
    """`[a, b]`."""

    at: Place
    items: "tuple[Expr, ...]"


@dataclass(frozen=True)
class Property:
    """`key: value` in an object; the key may be interpolated."""

    at: Place
    key: "Literal | Text"
    value: "Expr"


@dataclass(frozen=True)
class Object:
    """`{ ... }`, with the resources that are declared inside a resource's body."""

    at: Place
    properties: tuple[Property, ...]
    children: "tuple[Resource, ...]" = ()


@dataclass(frozen=True)
class Loop:
    """`[for (item, index) in over: body]`."""

    at: Place
    item: str
    index: str | None
    over: "Expr"
    body: "Expr"


@dataclass(frozen=True)
class If:
    """`if (condition) body`, of a resource, a module or an iteration."""

    at: Place
    condition: "Expr"
    body: "Expr"


@dataclass(frozen=True)
class Ternary:
    """`condition ? yes : no`."""

    at: Place
    condition: "Expr"
    yes: "Expr"
    no: "Expr"


@dataclass(frozen=True)
class Binary:
    """`left operator right`."""

    at: Place
    operator: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True)
class Unary:
    """`!value` or `-value`."""

    at: Place
    operator: str
    value: "Expr"


@dataclass(frozen=True)
class Call:
    """`name(arguments)`, or `on.name(arguments)`."""

    at: Place
    name: str
    arguments: "tuple[Expr, ...]"
    on: "Expr | None" = None


@dataclass(frozen=True)
class Index:
    """`base.name`, `base['name']`, `base[0]`; safe when `.?` or `[?` says that it may be missing."""

    at: Place
    base: "Expr"
    key: "Expr"
    safe: bool = False


@dataclass(frozen=True)
class Child:
    """`parent::child`."""

    at: Place
    base: "Expr"
    name: str


@dataclass(frozen=True)
class Name:
    """A reference to a declaration or to a loop's variable."""

    at: Place
    name: str


@dataclass(frozen=True)
class Lambda:
    """`(a, b) => body`."""

    at: Place
    parameters: tuple[str, ...]
    body: "Expr"


type Expr = (
    Literal | Text | Array | Object | Loop | If | Ternary | Binary | Unary | Call | Index | Child | Name | Lambda
)


@dataclass(frozen=True)
class Type:
    """A type: primitive by `kind`, or with the parts that its kind has."""

    kind: str  # any string int bool null object array literal union name
    value: Scalar = None
    options: "tuple[Type, ...]" = ()
    item: "Type | None" = None
    fields: "tuple[tuple[str, Type], ...] | None" = None
    extra: "Type | None" = None
    limits: tuple[tuple[str, int], ...] = ()
    secure: bool = False


ANY = Type("any")


@dataclass(frozen=True)
class Parameter:
    """`param name type = default`."""

    at: Place
    name: str
    type: Type
    default: Expr | None
    described: bool


@dataclass(frozen=True)
class Variable:
    """`var name = value`."""

    at: Place
    name: str
    value: Expr


@dataclass(frozen=True)
class Resource:
    """`resource name 'type@version' existing = body`; body is an object, an `if` or a loop of either."""

    at: Place
    name: str
    type: str
    existing: bool
    body: Expr
    end: int


@dataclass(frozen=True)
class Module:
    """`module name 'path' = body`."""

    at: Place
    name: str
    path: str
    body: Expr


@dataclass(frozen=True)
class Output:
    """`output name type = value`."""

    at: Place
    name: str
    type: Type
    value: Expr
    described: bool


@dataclass(frozen=True)
class Function:
    """`func name(parameters) returns => body`."""

    at: Place
    name: str
    parameters: tuple[tuple[str, Type], ...]
    returns: Type
    body: Expr


@dataclass
class Template:
    """One Bicep file."""

    at: Place
    scope: str = "resourceGroup"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
