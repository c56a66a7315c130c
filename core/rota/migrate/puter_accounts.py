"""`puter-accounts.json` of the OpenCode plugin opencode-puter-auth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.account import Kind
from rota.migrate.borders import (
    AnyList,
    Border,
    LooseText,
    OffUnlessOn,
    Seconds,
    Token,
    check,
    check_shape,
    puter_identity,
)
from rota.migrate.foreign import found_at, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Found, Place, Problem, Reading, Record
from rota.providers.base import Credential

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.places import Places

NAME = "opencode-puter-auth"
TITLE = "OpenCode plugin opencode-puter-auth"
FILE = "puter-accounts.json"


class Account(Border):
    authToken: Token
    username: LooseText = None
    email: LooseText = None
    isTemporary: OffUnlessOn = False


class Accounts(Border):
    accounts: AnyList = []  # noqa: RUF012 - pydantic copies it
    activeIndex: Seconds = None


def find(places: Places) -> tuple[Found, ...]:
    paths = distinct(places.opencode_config / FILE, places.opencode_fixed_config / FILE)
    return tuple(f for path in paths if (f := found_at(NAME, path, f"{FILE} of opencode-puter-auth")) is not None)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    records: list[Record] = []
    problems: list[Problem] = []
    for each in found:
        answer = read_json(each.path) if each.path is not None else None
        if isinstance(answer, Problem):
            problems.append(answer)
        elif answer is not None and each.path is not None:
            _accounts(answer[1], each.path, records, problems)
    return Reading(NAME, found, tuple(records), tuple(problems))


def _accounts(document: Any, path: Path, records: list[Record], problems: list[Problem]) -> None:
    wrong = check_shape(document, str(path), dict, "an object with `accounts`")
    if wrong is None and not isinstance(document.get("accounts"), list):
        wrong = Problem(str(path), "accounts", "it is missing or not a list")
    if wrong is not None:
        problems.append(wrong)
        return
    held = Accounts.model_validate(document)
    for index, value in enumerate(held.accounts):
        todo = "Sign in to that account again with `rota login puter`."
        entry = check(Account, value, str(path), f"accounts[{index}]", todo=todo)
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        kind = Kind.PUTER_GUEST if entry.isTemporary else Kind.PUTER
        # `puter_user` is what the plugin writes when it never learned the name.
        username = None if entry.username == "puter_user" else entry.username
        email = entry.email if entry.email is not None and "@" in entry.email else None
        records.append(
            Record(
                provider="puter",
                credential=Credential(kind, entry.authToken),
                place=Place(NAME, path, slot_of(value, index)),
                identity=puter_identity(entry.authToken, name=username, email=email, guest=entry.isTemporary),
                label=username or email,
                email=email,
                order=index,
                active=held.activeIndex == index,
            )
        )


def slot_of(value: Any, index: int) -> str:
    """A name for an entry: the plugin itself tells accounts apart by username."""
    name = value.get("username") if isinstance(value, dict) else None
    return f"user {name}" if isinstance(name, str) and name else f"number {index + 1}"
