"""`anthropic-accounts.json` of the OpenCode plugin anthropic-multi-auth, version 1."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rota.migrate.borders import (
    AnyList,
    Border,
    LooseText,
    LooseToken,
    Millis,
    OnUnlessOff,
    Seconds,
    Token,
    check,
    check_shape,
    login,
)
from rota.migrate.foreign import found_at, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Found, Place, Problem, Reading, Record

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.places import Places

NAME = "anthropic-multi-auth"
TITLE = "OpenCode plugin anthropic-multi-auth"
FILE = "anthropic-accounts.json"


class Account(Border):
    refresh: Token
    access: LooseToken = None
    expires: Millis = None
    enabled: OnUnlessOff = True
    email: LooseText = None
    label: LooseText = None
    rateLimitedUntil: Millis = None


class Accounts(Border):
    accounts: AnyList = []  # noqa: RUF012 - pydantic copies it
    activeIndex: Seconds = None


def find(places: Places) -> tuple[Found, ...]:
    paths = distinct(places.opencode_fixed_config / FILE, places.opencode_config / FILE)
    return tuple(f for path in paths if (f := found_at(NAME, path, f"{FILE} of anthropic-multi-auth")) is not None)


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
    slots = slots_of(held.accounts)
    for index, value in enumerate(held.accounts):
        todo = "Sign in to that account again with `rota login anthropic --subscription`."
        entry = check(Account, value, str(path), f"accounts[{index}]", todo=todo)
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        records.append(
            Record(
                provider="anthropic",
                credential=login(entry.access, entry.refresh, entry.expires),
                place=Place(NAME, path, slots[index], owner="opencode", shared=True),
                label=entry.label or entry.email,
                email=entry.email,
                order=index,
                enabled=entry.enabled,
                active=held.activeIndex == index,
                limited_until=entry.rateLimitedUntil,
            )
        )


def slots_of(accounts: list[Any]) -> list[str]:
    """A name for each entry that outlives a renewal: when it was added; its place where that is not unique."""
    added = [value.get("addedAt") if isinstance(value, dict) else None for value in accounts]
    times = Counter(str(at) for at in added if isinstance(at, int))
    return [
        f"added {at}" if isinstance(at, int) and times[str(at)] == 1 else f"number {index + 1}"
        for index, at in enumerate(added)
    ]
