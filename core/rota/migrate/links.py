"""Which account shares its login with which entry of which file of another tool. Holds fingerprints, no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rota.files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rota.migrate.records import Place

SPENT_KEPT = 16
"""Spent tokens remembered an entry: another tool that writes an old one back is only a few renewals behind."""


KEYCHAIN = "keychain"
"""Stands for a path where a login lies in the macOS Keychain."""


def where_of(place: Place) -> str | None:
    """A place's path as links write it; None for the environment, which does not last."""
    if place.path is not None:
        return str(place.path)
    return KEYCHAIN if place.owner == "claude-code" else None


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of one file that holds an account's login."""

    account_id: str
    source: str
    path: str
    slot: str
    lineage: str
    """Of the login that stood there when rota last looked or wrote."""
    spent: tuple[str, ...] = ()
    """Of those that rota has renewed since: one seen there again is old, not new."""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.source, self.path, self.slot


class Links:
    """The links on disk, shared by all rota processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> tuple[Link, ...]:
        """Every link; what cannot be read counts as none, and an import makes it again."""
        try:
            held = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return ()
        links = (_link(entry) for entry in held) if isinstance(held, list) else ()
        return tuple(link for link in links if link is not None)

    def of(self, account_id: str) -> tuple[Link, ...]:
        return tuple(link for link in self.all() if link.account_id == account_id)

    def join(self, account_id: str, places: Iterable[Place], lineage: str) -> None:
        """Note that these entries hold an account's login; an entry belongs to one account only."""
        entries = {(place.source, where, place.slot) for place in places if (where := where_of(place)) is not None}

        def change(links: tuple[Link, ...]) -> tuple[Link, ...]:
            spent = {link.place: link.spent for link in links if link.account_id == account_id}
            fresh = (Link(account_id, *entry, lineage, spent.get(entry, ())) for entry in sorted(entries))
            return (*(link for link in links if link.place not in entries), *fresh)

        if entries:
            self._change(change)

    def renewed(self, account_id: str, spent: str, lineage: str) -> None:
        """Note that an account's login has a successor."""

        def change(links: tuple[Link, ...]) -> tuple[Link, ...]:
            return tuple(
                replace(link, lineage=lineage, spent=(*(s for s in link.spent if s != spent), spent)[-SPENT_KEPT:])
                if link.account_id == account_id
                else link
                for link in links
            )

        if self.of(account_id):
            self._change(change)

    def drop(self, account_ids: Iterable[str]) -> None:
        """Forget the links of these accounts."""
        gone = frozenset(account_ids)
        self._change(lambda links: tuple(link for link in links if link.account_id not in gone))

    def leave(self, link: Link) -> None:
        """Forget one link: its entry has become somebody else's."""
        self._change(lambda links: tuple(k for k in links if k.place != link.place))

    def _change(self, change: Callable[[tuple[Link, ...]], tuple[Link, ...]]) -> None:
        from filelock import FileLock  # late: looking needs no lock

        with FileLock(self._path.with_suffix(".lock"), mode=0o600):
            before = self.all()
            after = change(before)
            if after != before:
                write_private(self._path, json.dumps([asdict(link) for link in after], ensure_ascii=False).encode())


def _link(entry: Any) -> Link | None:
    try:
        names = {name: entry[name] for name in ("account_id", "source", "path", "slot", "lineage")}
        spent = tuple(entry["spent"])
    except (TypeError, KeyError):
        return None
    return Link(**names, spent=spent) if all(isinstance(text, str) for text in (*names.values(), *spent)) else None
