"""OpenCode's `auth.json`: at its real place, at the one a plugin looked in by mistake, and in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rota.account import Kind
from rota.migrate.borders import (
    Border,
    LooseToken,
    Millis,
    Token,
    check,
    check_shape,
    key_identity,
    login,
    puter_identity,
)
from rota.migrate.foreign import found_at, parse_json, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Found, Place, Problem, Reading, Record
from rota.providers.base import Credential

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.places import Places
    from rota.secret import Secret

NAME = "opencode"
TITLE = "OpenCode"
VARIABLE = "OPENCODE_AUTH_CONTENT"

_AGAIN = "Sign in again in OpenCode, or with `rota login`."


class OAuth(Border):
    type: Literal["oauth"]
    refresh: Token
    access: LooseToken = None
    expires: Millis = None


class Api(Border):
    type: Literal["api"]
    key: Token


def find(places: Places) -> tuple[Found, ...]:
    real = places.opencode_data / "auth.json"
    found = []
    for path in distinct(real, places.opencode_fixed_config / "auth.json", places.opencode_config / "auth.json"):
        notes = () if path == real else ("OpenCode itself does not read this one; a plugin looked here by mistake",)
        found.append(found_at(NAME, path, "OpenCode's auth.json", *notes))
    if places.variable(VARIABLE):
        found.append(Found(NAME, None, VARIABLE, ("OpenCode reads this instead of its file",)))
    return tuple(each for each in found if each is not None)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    records: list[Record] = []
    problems: list[Problem] = []
    for each in found:
        if each.path is None:
            value = parse_json(places.variable(VARIABLE) or "", VARIABLE)
            answer: Any = value if isinstance(value, Problem) else (None, value)
        else:
            answer = read_json(each.path)
        if isinstance(answer, Problem):
            problems.append(answer)
        elif answer is not None:
            _entries(answer[1], each.path, places, records, problems)
    return Reading(NAME, found, tuple(records), tuple(problems))


def _entries(
    document: Any, path: Path | None, places: Places, records: list[Record], problems: list[Problem]
) -> None:
    name = str(path) if path is not None else VARIABLE
    wrong = check_shape(document, name, dict, "an object of providers")
    if wrong is not None:
        problems.append(wrong)
        return
    for order, (slot, value) in enumerate(document.items()):
        provider = slot.rstrip("/")
        if provider not in ("anthropic", "puter"):
            continue
        record = _record(provider, slot, value, path, name, order, places)
        (problems if isinstance(record, Problem) else records).append(record)  # type: ignore[arg-type]  # told apart by the test


def _record(
    provider: str, slot: str, value: Any, path: Path | None, name: str, order: int, places: Places
) -> Record | Problem:
    shape = check(Border, value, name, slot, todo=_AGAIN)
    if isinstance(shape, Problem):
        return shape
    match value.get("type"):
        case "oauth" if provider != "anthropic":
            return Problem(name, slot, "it is an OAuth login, and Puter has none", _AGAIN)
        case "oauth":
            entry = check(OAuth, value, name, slot, todo=_AGAIN)
            if isinstance(entry, Problem):
                return entry
            place = _place(path, slot, places)
            credential = login(entry.access, entry.refresh, entry.expires)
            return Record(provider, credential, place, order=order, active=True)
        case "api":
            key = check(Api, value, name, slot, todo=_AGAIN)
            if isinstance(key, Problem):
                return key
            return secret_record(provider, key.key, Place(NAME, path, slot), order=order)
        case "wellknown":
            return Problem(name, slot, "it is a login that OpenCode fetches from a server of yours", "Keep it.")
        case _:
            return Problem(name, f"{slot}.type", "it is a kind of login that is not known", _AGAIN)


def _place(path: Path | None, slot: str, places: Places) -> Place:
    """The real file is shared; the environment cannot be written to; nobody renews what stands in the wrong file."""
    if path is None:
        return Place(NAME, None, slot, owner="opencode")
    if path == places.opencode_data / "auth.json":
        return Place(NAME, path, slot, owner="opencode", shared=True)
    return Place(NAME, path, slot)


def secret_record(
    provider: str, secret: Secret, place: Place, *, order: int = 0, label: str | None = None, active: bool = False
) -> Record:
    """An API key or token that stands alone, as what it is by its look."""
    if provider == "puter":
        identity = puter_identity(secret)
        return Record(provider, Credential(Kind.PUTER, secret), place, identity, label, order=order, active=active)
    if secret.reveal().startswith("sk-ant-oat"):
        # `claude setup-token` makes such a one: a year long, of a subscription, and never renewed.
        return Record(provider, Credential(Kind.SUBSCRIPTION, secret), place, None, label, order=order, active=active)
    identity = key_identity(secret)
    return Record(provider, Credential(Kind.API_KEY, secret), place, identity, label, order=order, active=active)
