"""What accounts are called: finding the one a person means, and keeping labels tidy and apart. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.errors import AmbiguousAccount, NothingConfigured, UnknownAccount

if TYPE_CHECKING:
    from rota.snapshot import AccountState, Snapshot

LABEL_LIMIT = 60
"""Characters of a label; longer ones are cut, so that a foreign file cannot flood a screen."""


def find(snapshot: Snapshot, name: str) -> AccountState:
    """The one account that goes by `name`: label, email, number in the table, or the start of its label, email or id.

    Raises:
        UnknownAccount: none does.
        AmbiguousAccount: several do; its `candidates` are their labels.
        NothingConfigured: there is no account at all.
    """
    listed = snapshot.listed()
    if not listed:
        raise NothingConfigured("There is no account yet.")
    wanted = name.strip().casefold()
    exact = [s for s in listed if wanted and wanted in _names(s)]
    if not exact and wanted.isdecimal() and 1 <= int(wanted) <= len(listed):
        exact = [listed[int(wanted) - 1]]
    found = exact or [s for s in listed if wanted and any(name.startswith(wanted) for name in _names(s))]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = tuple(f"{listed.index(s) + 1} {s.account.label}" for s in found)
        raise AmbiguousAccount(f'"{name}" could be {len(found)} accounts.', candidates)
    hint = "There is: " + ", ".join(s.account.label for s in listed[:12])
    raise UnknownAccount(f'No account is called "{name}".', hint=hint)


def _names(state: AccountState) -> tuple[str, ...]:
    return state.account.label.casefold(), (state.account.email or "").casefold(), state.id


def by_identity(snapshot: Snapshot, provider: str, identity: str) -> AccountState | None:
    """The present account of that identity, if rota has it."""
    return next(
        (s for s in snapshot.listed() if s.account.provider == provider and s.account.identity == identity), None
    )


def tidy(label: str) -> str:
    """A label on one line, without control characters, of bearable length."""
    return "".join(c if c.isprintable() else " " for c in label).strip()[:LABEL_LIMIT].rstrip() or "account"


def free_label(snapshot: Snapshot, wanted: str, but: str | None = None) -> str:
    """`wanted`, or `wanted 2`, `wanted 3` … when other accounts have it: labels name accounts in commands."""
    taken = {s.account.label.casefold() for s in snapshot.listed() if s.id != but}
    base = tidy(wanted)
    label, number = base, 1
    while label.casefold() in taken:
        number += 1
        label = f"{base} {number}"
    return label
