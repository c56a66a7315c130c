"""Keys and tokens that the environment holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.migrate.borders import Border, Token, check
from rota.migrate.opencode_auth import secret_record
from rota.migrate.records import Found, Place, Problem, Reading, Record

if TYPE_CHECKING:
    from rota.migrate.places import Places

NAME = "environment"
TITLE = "the environment"
VARIABLES = {"ANTHROPIC_API_KEY": "anthropic", "PUTER_AUTH_TOKEN": "puter"}


class Variable(Border):
    value: Token


def find(places: Places) -> tuple[Found, ...]:
    return tuple(Found(NAME, None, name) for name in VARIABLES if places.variable(name))


def read(found: tuple[Found, ...], places: Places) -> Reading:
    records: list[Record] = []
    problems: list[Problem] = []
    for order, each in enumerate(found):
        held = check(Variable, {"value": places.variable(each.what)}, each.what, "")
        if isinstance(held, Problem):
            problems.append(Problem(each.what, "", held.why, "Set it to a key or token, or unset it."))
        else:
            place = Place(NAME, None, each.what)
            records.append(secret_record(VARIABLES[each.what], held.value, place, order=order))
    return Reading(NAME, found, tuple(records), tuple(problems))
