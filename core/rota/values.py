"""`dataclass` for frozen slotted values: what the standard one makes, in a third of the time.

A start makes dozens of such classes, and the standard decorator compiles six functions for each (0.55 ms on Python
3.11, so 20 ms for the events alone). Here only the constructor is compiled, when it is first wanted; the rest is
shared. Fields, `replace`, `match`, signatures and pickling work as with the standard one.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # type checkers know what the standard decorator makes
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False):
        """The decorator; it makes frozen slotted values only, and both words are asked for so that they are read."""
        if not (frozen and slots):
            raise TypeError("values are frozen and have slots; use dataclasses.dataclass for anything else")
        return lambda cls: _value(cls, kw_only)


def _value(cls: type, kw_only: bool) -> type:
    """The class made anew with slots, a constructor and what values have in common."""
    inherited: dict[str, dataclasses.Field[Any]] = {}
    for base in cls.__mro__[-1:0:-1]:
        inherited |= base.__dict__.get("__dataclass_fields__", {})
    own = {name: _field(cls, name, hint, kw_only) for name, hint in cls.__annotations__.items()}
    fields = inherited | own

    namespace = {name: kept for name, kept in cls.__dict__.items() if name not in ("__dict__", "__weakref__", *own)}
    shown = [field.name for field in fields.values() if field.repr]
    key = _getter([field.name for field in fields.values() if field.compare])
    namespace |= {
        "__slots__": tuple(name for name in own if name not in inherited),
        "__dataclass_fields__": fields,
        "__dataclass_params__": cls.__dict__.get("__dataclass_params__", _PARAMS),
        "__match_args__": tuple(field.name for field in fields.values() if field.init and not field.kw_only),
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _state,
        "__setstate__": _restore,
        "__doc__": cls.__doc__ or cls.__name__,
    }
    for name, made in (("__repr__", _repr(shown)), ("__eq__", _eq(key)), ("__hash__", _hash(key))):
        if name not in cls.__dict__:
            namespace[name] = made
    new = type(cls)(cls.__name__, cls.__bases__, namespace)
    new.__qualname__ = cls.__qualname__
    constructor: Any = _Unwritten(new, list(fields.values()))
    new.__init__ = constructor  # type: ignore[misc]  # it takes the class, which is made first
    return new


class _Unwritten:
    """`__init__` until it is first looked up: a start loads many classes of which it makes no value."""

    def __init__(self, cls: type, fields: list[dataclasses.Field[Any]]) -> None:
        self._cls = cls
        self._fields = fields

    def __get__(self, value: Any, owner: type) -> Any:
        written = _constructor(self._cls, self._fields)
        self._cls.__init__ = written  # type: ignore[misc]  # in its own place
        return written.__get__(value, owner)


@cache
def unguarded(cls: type) -> Any:
    """A twin of a frozen slotted class that takes assignments; what was filled as one is given its own class.

    An assignment to a slot takes a tenth of a call of its setter or of `object.__setattr__`, and values have up to
    thirty fields. The twin is made when the first value is: a start loads many classes of which it makes none.
    """
    slots = cls.__dict__.get("__slots__", ())
    return type(cls.__name__, cls.__bases__, {"__slots__": slots, "__setattr__": object.__setattr__})


@dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)  # each of them would be compiled for nothing
class _Pattern:
    """Tells what the standard module marks fields and classes with."""

    field: int


_MARK = _Pattern.__dataclass_fields__["field"]._field_type  # type: ignore[attr-defined]  # no public name
_PARAMS: Any = _Pattern.__dataclass_params__  # type: ignore[attr-defined]  # no public name


def _field(cls: type, name: str, hint: Any, kw_only: bool) -> dataclasses.Field[Any]:
    given = cls.__dict__.get(name, dataclasses.MISSING)
    made: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    made.name, made.type, made._field_type = name, hint, _MARK
    if made.kw_only is dataclasses.MISSING:
        made.kw_only = kw_only
    return made  # type: ignore[no-any-return]


def _constructor(cls: type, fields: list[dataclasses.Field[Any]]) -> Any:
    """`__init__`, written out as the standard module writes it, but for how it gets by `frozen`."""
    names: dict[str, Any] = {
        "_MISSING": dataclasses.MISSING,
        "_set_class": object.__dict__["__class__"].__set__,
        "_twin": None,
        "_cls": cls,
    }

    def twin() -> type:
        names["_twin"] = unguarded(cls)
        return cast("type", names["_twin"])

    names["_make_twin"] = twin
    parameters = {False: ["self"], True: ["*"]}
    body = ["  _set_class(self, _twin or _make_twin())"]
    for field in fields:
        name, value = field.name, field.name
        default = ""
        if field.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = field.default_factory
            default, value = "=_MISSING", f"_make_{name}() if {name} is _MISSING else {name}"
        elif field.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default
            default = f"=_default_{name}"
        parameters[bool(field.kw_only)].append(name + default)
        body.append(f"  self.{name} = {value}")
    body.append("  self.__class__ = _cls")
    if hasattr(cls, "__post_init__"):
        body.append("  self.__post_init__()")
    given = parameters[False] + (parameters[True] if len(parameters[True]) > 1 else [])
    exec("\n".join([f"def __init__({', '.join(given)}):", *body]), names)
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _getter(names: list[str]) -> Any:
    """What two values are compared by: a tuple, of one too."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _eq(key: Any) -> Any:
    def __eq__(self: Any, other: object) -> bool:
        return bool(key(self) == key(other)) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(key: Any) -> Any:
    return lambda self: hash(key(self))


def _repr(names: list[str]) -> Any:
    def __repr__(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to or delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
