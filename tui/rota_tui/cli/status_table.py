"""The pool as a plain table that fits 80 columns: pure text, coloured only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from rota_tui.cli.terminal import rendered
from rota_tui.formatting import ago, clock, gauge, percent
from rota_tui.pieces import Line, Locale, Piece, Tone, pad, width_of
from rota_tui.wording import plan_of, pool_line, pool_of, provider_name, reason, refilled

if TYPE_CHECKING:
    from rota.account import Kind
    from rota.quota import QuotaWindow
    from rota.snapshot import AccountState, Snapshot
    from rota_tui.cli.terminal import Look
    from rota_tui.wording import Reason

MAIN = ("5h", "7d", "month", "requests", "tokens")
"""The windows that a row shows, the first two that an account has."""
BRIEF = {"requests": "reqs"}
"""What a row calls a window, where its label is too long."""

NAME = 24
"""Cells of a label on 80 columns; a wider terminal shows more of it."""
GAUGE = 8
OLD_S = 600.0
"""From this age on, a figure says how old it is."""


EMPTY = """No account yet. Add one:
  rota login anthropic --api-key
  rota login puter --token
Or look around first:
  rota demo"""


def table(
    snapshot: Snapshot, now: float, next_up: dict[str, str | None], look: Look, watched: frozenset[Kind]
) -> str:
    """The table, without a final newline.

    Args:
        watched: the kinds of account that no request goes through (`wording.watched_kinds`).
    """
    listed = snapshot.listed()
    if not listed:
        return EMPTY
    locale = look.locale
    lines: list[Line] = [pool_line(pool_of(snapshot, now, watched), now, locale), ()]
    names = min(NAME + max(0, look.width - 80), max(cell_len(s.account.label) for s in listed))
    for number, state in enumerate(listed, 1):
        mark = _mark(snapshot, state, next_up, locale)
        said = _reason(snapshot, state, now, locale, watched)
        lines += _row(state, number, mark, said, now, look, names)
    lines += _model_holds(snapshot, now, locale)
    return rendered(lines, look)


def _mark(snapshot: Snapshot, state: AccountState, next_up: dict[str, str | None], locale: Locale) -> Piece:
    """Who serves new sessions, and who is next."""
    active = snapshot.active.get(state.account.provider)
    if active is not None and active.account_id == state.id:
        return Piece(locale.glyphs.active, Tone.ACTIVE)
    if next_up.get(state.account.provider) == state.id:
        return Piece(locale.glyphs.next, Tone.ACTIVE)
    return Piece(" ")


def _reason(snapshot: Snapshot, state: AccountState, now: float, locale: Locale, watched: frozenset[Kind]) -> Reason:
    account = state.account
    pinned = snapshot.pinned.get(account.provider)
    return reason(
        state,
        now,
        locale.tz,
        serving=snapshot.serving(account.id, now),
        pinned=pinned is not None and pinned.account_id == account.id,
        watched=account.kind in watched,
    )


def _row(
    state: AccountState, number: int, mark: Piece, why: Reason, now: float, look: Look, names: int
) -> list[Line]:
    """Two lines an account: who and how it is, then its main windows."""
    account, locale, glyphs = state.account, look.locale, look.locale.glyphs
    head: Line = (
        Piece(f"{number:>2} ", Tone.QUIET),
        mark,
        Piece(" " + pad(account.label, names, glyphs), Tone.NAME),
        Piece(f"  {pad(f'{provider_name(account.provider)} {plan_of(account)}', 22, glyphs)} ", Tone.QUIET),
    )
    head = (*head, Piece(why.text if look.wide else why.within(look.width - width_of(head)), why.tone))
    windows = [w for key in MAIN if (w := state.windows.get(key)) is not None and not refilled(w, now)][:2]
    if not windows:
        return [head]
    seen_at = min(window.observed_at for window in windows)
    old = now - seen_at > OLD_S
    line = [Piece(" " * 5)]
    for window in windows:
        line += _window(window, now, locale, brief=old)
    if old:
        line.append(Piece(f"{glyphs.sep} {ago(seen_at, now)}", Tone.QUIET))
    return [head, tuple(line)]


def _window(window: QuotaWindow, now: float, locale: Locale, *, brief: bool) -> list[Piece]:
    """One window: name, bar, share, when it comes back.

    Args:
        brief: leave room for a word about the row's age.
    """
    used = None if window.expired(now) else window.utilization
    back = clock(window.resets_at, now, locale.tz) if window.resets_at and used is not None else ""
    cells = [
        Piece(f"{pad(BRIEF.get(window.key, window.label), 6, locale.glyphs)} ", Tone.QUIET),
        *gauge(used, GAUGE, locale.glyphs),
        Piece(f" {percent(used):>4}"),
        Piece(f"{'' if brief else ' back'} {back}" if back else "", Tone.QUIET),
    ]
    return [*cells, Piece(" " * max(1, (32 if brief else 37) - width_of(cells)))]


def _model_holds(snapshot: Snapshot, now: float, locale: Locale) -> list[Line]:
    held = [
        (model, entry.hold)
        for (_, model), entry in snapshot.model_holds.items()
        if entry.hold is not None and entry.hold.active(now)
    ]
    lines: list[Line] = [()] if held else []
    for model, hold in sorted(held, key=lambda h: h[1].until):
        back = f" cooling, back {clock(hold.until, now, locale.tz)}"
        lines.append((Piece("   model ", Tone.QUIET), Piece(model, Tone.NAME), Piece(back, Tone.COOLING)))
    return lines
