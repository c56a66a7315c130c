"""The log as it stands, for commands that only look: no HTTP, no vault, no event loop."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.account import Kind
    from rota.log import SqliteLog
    from rota.paths import Paths
    from rota.pool.rules import Rules
    from rota.snapshot import Snapshot


def briefly() -> None:
    """For a command that ends in a moment: collecting garbage would take longer than all of it is worth."""
    gc.disable()


def home() -> Paths:
    """Where this person's rota keeps things."""
    from rota.paths import find

    return find(os.environ)


@contextmanager
def reading() -> Iterator[SqliteLog | None]:
    """The log, open; None when this home has none yet, and then none is made."""
    from rota.log import SqliteLog

    path = home().log_file
    if not path.exists():
        yield None
        return
    log = SqliteLog.open(path)
    try:
        yield log
    finally:
        log.close()


def snapshot() -> Snapshot:
    """What is known now."""
    from rota.snapshot import Snapshot

    with reading() as log:
        return log.snapshot if log is not None else Snapshot()


def rules() -> Rules:
    """How the pool chooses, by the settings."""
    from rota.config import peeker
    from rota.pool.rules import rules_from

    return rules_from(peeker(home(), os.environ))


def accounts_as_json(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """Every account as `rota accounts --json` prints it."""
    from rota.documents import accounts_document
    from rota.pool.strategy import next_up

    return accounts_document(snapshot, now, next_up(snapshot, rules(), now))


def watched(rules: Rules) -> frozenset[Kind]:
    """The kinds of account that no request goes through."""
    from rota_tui.wording import watched_kinds

    return watched_kinds(route_subscriptions=rules.route_subscriptions)
