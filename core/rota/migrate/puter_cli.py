"""The official Puter command line's store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.migrate.borders import AnyDict, Border, LooseText, Token, check
from rota.migrate.foreign import found_at, read_json
from rota.migrate.opencode_auth import secret_record
from rota.migrate.records import Found, Place, Problem, Reading, Record

if TYPE_CHECKING:
    from rota.migrate.places import Places

NAME = "puter-cli"
TITLE = "Puter's command line"

_AGAIN = "Run `puter login`, or `rota login puter`."


class Account(Border):
    token: Token


class Store(Border):
    accounts: AnyDict = {}  # noqa: RUF012 - pydantic copies it
    active: LooseText = None


def find(places: Places) -> tuple[Found, ...]:
    found = found_at(NAME, places.puter_cli / "config.json", "the Puter command line's store")
    return () if found is None else (found,)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    records: list[Record] = []
    problems: list[Problem] = []
    for each in found:
        answer = read_json(each.path) if each.path is not None else None
        if answer is None:
            continue
        store = answer if isinstance(answer, Problem) else check(Store, answer[1], each.where, "", todo=_AGAIN)
        if isinstance(store, Problem):
            problems.append(store)
            continue
        for order, (name, value) in enumerate(store.accounts.items()):
            entry = check(Account, value, each.where, f"accounts.{name}", todo=_AGAIN)
            if isinstance(entry, Problem):
                problems.append(entry)
                continue
            place = Place(NAME, each.path, name)
            # Every store has one called `default`, which names nobody.
            label = None if name == "default" else name
            record = secret_record("puter", entry.token, place, order=order, label=label, active=store.active == name)
            records.append(record)
    return Reading(NAME, found, tuple(records), tuple(problems))
