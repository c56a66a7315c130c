"""How other tools' records are checked: what a login cannot do without is required, all else is taken if it fits."""

from __future__ import annotations

import base64
import binascii
import json
import math
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError

from rota.account import Identity, Kind
from rota.migrate.records import Problem
from rota.providers.base import Credential
from rota.secret import Secret

TOKEN_LIMIT = 16_384
"""Characters; the longest token in use has about two thousand."""

NO_ACCESS = Secret("none yet")
"""Stands where a file has a refresh token only; it counts as expired, so it is renewed before it is ever sent."""


def _token(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError("it is not text")
    text = value.strip()
    if not text:
        raise ValueError("it is empty")
    if len(text) > TOKEN_LIMIT or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("it does not look like a token")
    return Secret(text)


def _token_or_none(value: object) -> Secret | None:
    try:
        return _token(value)
    except ValueError:
        return None


def _text_or_none(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and 0 <= number < 1e14 else None


def _millis(value: object) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def moment(value: object) -> float | None:
    """Epoch milliseconds or an ISO date, as epoch seconds; None when it is neither."""
    if not isinstance(value, str):
        return _millis(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _flag(default: bool) -> PlainValidator:
    return PlainValidator(lambda value: value if isinstance(value, bool) else default)


Token = Annotated[Secret, PlainValidator(_token)]
"""A token that must be there."""
LooseToken = Annotated[Secret | None, PlainValidator(_token_or_none)]
LooseText = Annotated[str | None, PlainValidator(_text_or_none)]
Millis = Annotated[float | None, PlainValidator(_millis)]
"""Epoch milliseconds, kept as seconds. 0 stays 0: long expired."""
Seconds = Annotated[float | None, PlainValidator(_number)]
MillisOrIso = Annotated[float | None, PlainValidator(moment)]
OnUnlessOff = Annotated[bool, _flag(True)]
OffUnlessOn = Annotated[bool, _flag(False)]
Names = Annotated[
    tuple[str, ...],
    PlainValidator(
        lambda v: (
            tuple(x for x in v if isinstance(x, str))
            if isinstance(v, list)
            else tuple(v.split())
            if isinstance(v, str)
            else ()
        )
    ),
]


def _list_or_empty(value: object) -> object:
    return value if isinstance(value, list) else []


def _dict_or_empty(value: object) -> object:
    return value if isinstance(value, dict) else {}


AnyList = Annotated[list[Any], BeforeValidator(_list_or_empty)]
AnyDict = Annotated[dict[str, Any], BeforeValidator(_dict_or_empty)]


class Border(BaseModel):
    """A record of another tool: unknown keys are not ours to judge, and no error quotes what it was given."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True, frozen=True)


B = TypeVar("B", bound=Border)


def check(model: type[B], value: object, path: str, where: str, *, todo: str = "") -> B | Problem:
    """One record, or which of its fields is bad and why."""
    if not isinstance(value, dict):
        return Problem(path, where, f"it is {_kind_of(value)} where an object should be", todo)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        why = "it is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        return Problem(path, f"{where}.{field}" if where else field, why, todo)


def check_shape(value: object, path: str, wanted: type, what: str) -> Problem | None:
    """Whether a file's outermost value is the object or list it should be."""
    if isinstance(value, wanted):
        return None
    return Problem(path, "", f"it holds {_kind_of(value)} where {what} should be")


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"


def login(
    access: Secret | None,
    refresh: Secret | None,
    expires_at: float | None,
    *,
    kind: Kind = Kind.SUBSCRIPTION,
    login_expires_at: float | None = None,
    scopes: tuple[str, ...] = (),
    client_id: str | None = None,
) -> Credential:
    """An OAuth login from a file; without an access token it counts as expired."""
    return Credential(
        kind=kind,
        secret=access or NO_ACCESS,
        refresh=refresh,
        expires_at=expires_at if access is not None else 0.0,
        login_expires_at=login_expires_at,
        scopes=scopes,
        client_id=client_id,
    )


def key_identity(secret: Secret) -> Identity:
    """An API key is its own identity."""
    return Identity(key=f"key-{secret.fingerprint()}", kind=Kind.API_KEY, plan="API")


def puter_identity(
    secret: Secret, *, name: str | None = None, email: str | None = None, guest: bool = False
) -> Identity | None:
    """Whose a Puter token is, by the user id inside it (read, not verified); None when it does not say."""
    user = _puter_user(secret)
    if user is None:
        return None
    kind = Kind.PUTER_GUEST if guest else Kind.PUTER
    return Identity(key=user, kind=kind, email=email, name=name, plan="Guest" if guest else None)


def _puter_user(secret: Secret) -> str | None:
    parts = secret.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(_from_base64(parts[1]))
        named = payload.get("uu") if isinstance(payload, dict) else None
        if not isinstance(named, str):
            return None
        return str(uuid.UUID(bytes=_from_base64(named))) if len(named) < 32 else str(uuid.UUID(named))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
