"""Both generations of the plugin anthropic-multi-account's files, merged by name as the plugin merges them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rota.migrate.borders import (
    AnyDict,
    AnyList,
    Border,
    LooseText,
    LooseToken,
    Millis,
    MillisOrIso,
    Seconds,
    check,
    check_shape,
    login,
    moment,
)
from rota.migrate.foreign import found_at, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Found, Place, Problem, Reading, Record
from rota.quota import QuotaWindow, Source

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.places import Places

NAME = "anthropic-multi-account"
TITLE = "OpenCode plugin anthropic-multi-account"
FILE = "anthropic-multi-account-accounts.json"
OLD_FILES = ("anthropic-multi-accounts.json", "multi-account-auth.json")
STATES = ("anthropic-multi-account-state.json", "multi-account-state.json")

_HOUR = 3600.0
WINDOWS = {
    "session5h": ("5h", "5h", 5 * _HOUR, None),
    "weekly7d": ("7d", "7d", 168 * _HOUR, None),
    "weekly7dSonnet": ("7d:Sonnet", "7d Sonnet", 168 * _HOUR, "Sonnet"),
}
"""The plugin's names of quota windows: rota's key, label, length and scope."""


class Account(Border):
    name: LooseText = None
    access: LooseToken = None
    accessToken: LooseToken = None
    refresh: LooseToken = None
    refreshToken: LooseToken = None
    expires: Millis = None
    expiresAt: MillisOrIso = None


class Gauge(Border):
    utilization: Seconds = None
    reset: Seconds = None
    status: LooseText = None


class State(Border):
    currentAccount: Any = None
    usage: AnyDict = {}  # noqa: RUF012 - pydantic copies it


class Accounts(Border):
    accounts: AnyList = []  # noqa: RUF012 - pydantic copies it


def files(places: Places) -> tuple[Path, ...]:
    """The accounts' files, newest generation first."""
    config, data = places.opencode_fixed_config, places.home / ".local" / "share" / "opencode"
    return distinct(config / FILE, config / OLD_FILES[0], data / OLD_FILES[1])


def states(places: Places) -> tuple[Path, ...]:
    """The state's files, newest generation first."""
    data = places.home / ".local" / "share" / "opencode"
    return distinct(places.opencode_fixed_config / STATES[0], data / STATES[1])


def find(places: Places) -> tuple[Found, ...]:
    accounts = [found_at(NAME, path, "accounts of anthropic-multi-account") for path in files(places)]
    state = [found_at(NAME, path, "state of anthropic-multi-account") for path in states(places)]
    return tuple(each for each in (*accounts, *state) if each is not None)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    problems: list[Problem] = []
    by_name: dict[str, Record] = {}
    state: State | None = None
    for each in found:
        answer = read_json(each.path) if each.path is not None else None
        if isinstance(answer, Problem):
            problems.append(answer)
        elif answer is not None and each.path is not None:
            if each.path.name in STATES:
                state = state or read_state(answer[1], each.path, problems)
            else:
                _merge(by_name, _accounts(answer[1], each.path, problems))
    records = [_with_state(record, state) for record in by_name.values()]
    return Reading(NAME, found, tuple(records), tuple(problems))


def read_state(document: Any, path: Path, problems: list[Problem]) -> State | None:
    """What the plugin noted while running; a broken state costs no account."""
    state = check(State, document, str(path), "")
    if isinstance(state, Problem):
        problems.append(state)
        return None
    return state


def windows_of(state: State, name: str) -> tuple[QuotaWindow, ...]:
    """The quota figures that the plugin wrote down for one account."""
    usage = state.usage.get(name)
    if not isinstance(usage, dict):
        return ()
    stamp = usage.get("timestamp")
    seen_at = moment(stamp) if isinstance(stamp, str) else None
    if seen_at is None:
        return ()
    windows = []
    for key, (ours, label, length, scope) in WINDOWS.items():
        gauge = check(Gauge, usage.get(key), "", key)
        if isinstance(gauge, Gauge) and gauge.utilization is not None:
            windows.append(
                QuotaWindow(
                    key=ours,
                    label=label,
                    utilization=gauge.utilization,
                    observed_at=seen_at,
                    source=Source.FILE,
                    resets_at=gauge.reset,
                    length=length,
                    scope=scope,
                    status=gauge.status,
                )
            )
    return tuple(windows)


def is_current(state: State, name: str, index: int) -> bool:
    """Whether the plugin uses this account at present; it notes a name or a number."""
    return state.currentAccount == name or (
        state.currentAccount == index and not isinstance(state.currentAccount, bool)
    )


def _accounts(document: Any, path: Path, problems: list[Problem]) -> list[Record]:
    wrong = check_shape(document, str(path), dict, "an object with `accounts`")
    if wrong is None and not isinstance(document.get("accounts"), list):
        wrong = Problem(str(path), "accounts", "it is missing or not a list")
    if wrong is not None:
        problems.append(wrong)
        return []
    records = []
    for index, value in enumerate(document["accounts"]):
        where = f"accounts[{index}]"
        todo = "Sign in to that account again with `rota login anthropic --subscription`."
        entry = check(Account, value, str(path), where, todo=todo)
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        access, refresh = entry.access or entry.accessToken, entry.refresh or entry.refreshToken
        if access is None and refresh is None:
            problems.append(Problem(str(path), where, "it has neither a refresh nor an access token", todo))
            continue
        expires = entry.expires if entry.expires is not None else entry.expiresAt
        records.append(
            Record(
                provider="anthropic",
                credential=login(access, refresh, expires),
                place=Place(NAME, path, slot_of(value, index), owner="opencode", shared=True),
                label=entry.name,
                order=index,
            )
        )
    return records


def slot_of(value: Any, index: int) -> str:
    """A name for an entry: the plugin itself tells accounts apart by name."""
    name = value.get("name") if isinstance(value, dict) else None
    return f"named {name}" if isinstance(name, str) and name else f"number {index + 1}"


def _merge(by_name: dict[str, Record], records: list[Record]) -> None:
    """Of one name in two files, keep the one that can be renewed, then the one that lasts longer."""
    for record in records:
        name = record.label or str(record.place)
        known = by_name.get(name)
        if known is None or _worth(record) > _worth(known):
            by_name[name] = record


def _worth(record: Record) -> tuple[bool, float]:
    return record.credential.refresh is not None, record.credential.expires_at or 0.0


def _with_state(record: Record, state: State | None) -> Record:
    if state is None or record.label is None:
        return record
    return replace(
        record,
        active=is_current(state, record.label, record.order),
        windows=windows_of(state, record.label),
    )
