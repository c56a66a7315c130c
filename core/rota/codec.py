"""Events and snapshots as JSON text and back, from the dataclasses' own type hints.

Fields at their default are left out; what a newer rota added is ignored. Converters are built at first use, one a
type, and the events' 33 classes (20 ms) are imported only when there is an event, so that `rota status` pays for
what its checkpoint holds and no more.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Union, get_args, get_origin

from rpds import HashTrieMap

from rota import account, choice, errors, quota, snapshot
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field

    from rota.events import Event

PLAIN = (str, int, float, bool, types.NoneType)
"""What JSON has itself; floats keep their exact value in Python's JSON, infinities included."""


def encode(event: Event) -> tuple[str, str]:
    """The kind of an event and its body, as the log keeps them."""
    cls: Any = type(event)
    return str(cls.__name__), _dumps(_converter(cls).encode(event))


def decode(kind: str, body: str) -> Event | None:
    """The event, or None when this rota cannot read it: its kind or a value in it is of a newer one."""
    from rota.events import EVENT_TYPES

    cls: Any = EVENT_TYPES.get(kind)
    if cls is None:
        return None
    try:
        event: Event = _converter(cls).decode(json.loads(body))
    except _UNREADABLE:
        return None
    return event


def encode_snapshot(known: Snapshot) -> str:
    """A snapshot as the checkpoint keeps it."""
    return _dumps(_converter(Snapshot).encode(known))


def decode_snapshot(text: str) -> Snapshot:
    """The snapshot of a checkpoint.

    Raises:
        ValueError: the text is damaged, or of another shape.
    """
    try:
        known: Snapshot = _converter(Snapshot).decode(json.loads(text))
    except _UNREADABLE as error:
        raise ValueError("the checkpoint cannot be read") from error
    return known


_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class _Converter(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _kept_encoder() -> Callable[[Any], str]:
    """JSON as the standard encoder writes it, without making its compiled half anew for each text: a third less."""
    standard = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
    try:
        make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]  # json's own affair, as it calls it itself
        encoder = make(None, standard.default, json.encoder.encode_basestring, None, ":", ",", False, False, True)
    except (AttributeError, TypeError):  # a Python without it (None), or one whose json calls it in another way
        return standard.encode
    return lambda value: "".join(encoder(value, 0))


_dumps = _kept_encoder()


class _Map:
    """Stands for `HashTrieMap` in annotations: the real one takes no type arguments at run time."""

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


@cache
def _names() -> dict[str, Any]:
    """What the annotations refer to; some of it is imported for the type checker only where they stand."""
    modules = (account, choice, errors, quota, snapshot)
    names = {name: value for module in modules for name, value in vars(module).items()}
    return names | {"HashTrieMap": _Map, "Mapping": Mapping}


@cache
def _hint(text: str) -> Any:
    """An annotation as a type; `typing.get_type_hints` takes four times as long and looks at each anew."""
    return eval(text, _names())


def _same(value: Any) -> Any:
    return value


@cache
def _converter(hint: Any) -> _Converter:
    """How values of one type become JSON and come back."""
    if hint in PLAIN:
        return _Converter(_same, _same)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional(args)
    if origin is tuple:
        if args[1:] != (...,):
            return _tuple(args)
        return _rows(args[0]) if hasattr(args[0], "_make") else _list(args[0])
    if origin in (_Map, Mapping):
        return _map(HashTrieMap if origin is _Map else dict, *args)
    if is_dataclass(hint):
        return _record(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Converter(lambda member: member.value, hint)
    raise TypeError(f"{hint!r} has no form in JSON")


def _optional(args: tuple[Any, ...]) -> _Converter:
    (inner,) = (arg for arg in args if arg is not types.NoneType)
    encode, decode = _converter(inner)
    if decode is _same:
        return _Converter(_same, _same)
    return _Converter(
        lambda value: None if value is None else encode(value),
        lambda data: None if data is None else decode(data),
    )


def _list(item: Any) -> _Converter:
    encode, decode = _converter(item)
    if decode is _same:
        return _Converter(_same, tuple)
    return _Converter(lambda values: [encode(value) for value in values], lambda data: tuple(map(decode, data)))


def _tuple(items: tuple[Any, ...]) -> _Converter:
    converters = [_converter(item) for item in items]
    if all(converter.decode is _same for converter in converters):
        return _Converter(_same, tuple)
    return _Converter(
        lambda values: [c.encode(value) for c, value in zip(converters, values, strict=True)],
        lambda data: tuple(c.decode(value) for c, value in zip(converters, data, strict=True)),
    )


def _map(made: Any, key: Any, value: Any) -> _Converter:
    """A map is an object when its keys are text, else pairs."""
    keys, values = _converter(key), _converter(value)
    if key is str:
        return _Converter(
            lambda known: {name: values.encode(kept) for name, kept in known.items()},
            lambda data: made({name: values.decode(kept) for name, kept in data.items()}),
        )
    return _Converter(
        lambda known: [[keys.encode(name), values.encode(kept)] for name, kept in known.items()],
        lambda data: made({keys.decode(name): values.decode(kept) for name, kept in data}),
    )


def _default(field: Field[Any]) -> Any:
    """What a field is when it is left out; `MISSING`, which equals nothing, when it never is."""
    return field.default_factory() if field.default_factory in (HashTrieMap, dict) else field.default


def _rows(cls: Any) -> _Converter:
    """Named tuples of plain values are rows: a checkpoint holds thousands. So their new fields go at the end."""

    def decode(data: list[Any]) -> Any:
        if data and isinstance(data[0], dict):  # from when they were records
            return tuple(cls(**row) for row in data)
        try:
            return tuple(map(cls._make, data))
        except TypeError:  # of a rota that knew more of them, or fewer
            return tuple(cls(*row[: len(cls._fields)]) for row in data)

    return _Converter(_same, decode)


def _record(cls: Any) -> _Converter:
    """A dataclass is an object of the fields that are not at their default; what begins with _ is no fact."""
    kept_fields = [field for field in fields(cls) if not field.name.startswith("_")]
    hints = {field.name: _hint(str(field.type)) for field in kept_fields}
    converters = {name: _converter(hint) for name, hint in hints.items()}
    parts = [(f.name, _default(f), converters[f.name].encode) for f in kept_fields]
    read = attrgetter(*hints)
    names = hints.keys()
    converted = [(name, converter.decode) for name, converter in converters.items() if converter.decode is not _same]

    def encode(value: Any) -> dict[str, Any]:
        data = {}
        for (name, default, convert), kept in zip(parts, read(value), strict=True):
            if kept == default:  # not `!=`: to rpds two empty maps are both equal and unequal
                continue
            data[name] = kept if convert is _same else convert(kept)
        return data

    def decode(data: dict[str, Any]) -> Any:
        if not data.keys() <= names:
            data = {name: kept for name, kept in data.items() if name in names}
        for name, convert in converted:
            if name in data:
                data[name] = convert(data[name])
        return cls(**data)

    return _Converter(encode, decode)
