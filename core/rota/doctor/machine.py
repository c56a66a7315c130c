"""This machine: Python, the terminal, the clock. Pure: what is looked at is given."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from rota.doctor.findings import Finding, failure, good, note, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST = (3, 11)
NEWEST = (3, 14)
NARROWEST = 80
SKEW_S = 60.0
"""Seconds; beyond this, times that providers give (resets, token ends) are read wrongly."""


def python(version: tuple[int, int], executable: str) -> Finding:
    """Whether this Python is one that rota is tested on."""
    said = f"Python {version[0]}.{version[1]} at {executable}"
    if version < OLDEST:
        return failure("python", f"{said} is too old.", "Install Python 3.11 or newer, and rota with it.")
    if version > NEWEST:
        return note("python", f"{said} is newer than those rota was tested on.")
    return good("python", f"{said}.")


def terminal(environ: Mapping[str, str], *, is_terminal: bool, encoding: str, columns: int) -> list[Finding]:
    """Whether the app can be shown here."""
    if not is_terminal:
        return [note("terminal", "This is no terminal: commands work, the app does not open.")]
    found = []
    name = environ.get("TERM", "")
    if name == "dumb":
        found.append(warning("terminal", 'TERM is "dumb": the app cannot draw.', "Set TERM, such as xterm-256color."))
    if encoding.lower().replace("-", "") not in ("utf8", "utf16"):
        found.append(
            warning(
                "terminal", f"The terminal takes {encoding}, not UTF-8.", "Set LANG to a UTF-8 one, or use --ascii."
            )
        )
    if columns < NARROWEST:
        found.append(note("terminal", f"{columns} columns: the app is made for 80 and more."))
    return found or [good("terminal", f"{name or 'the terminal'}, {columns} columns, {encoding}.")]


def clock_skew(now: float, date_header: str | None, host: str) -> Finding | None:
    """Whether this machine's clock agrees with a provider's `Date`; None when it said none."""
    if not date_header:
        return None
    try:
        theirs = parsedate_to_datetime(date_header).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    ahead = now - theirs
    if abs(ahead) <= SKEW_S:
        return good("clock", f"The clock agrees with {host}.")
    way = "ahead of" if ahead > 0 else "behind"
    text = f"This machine's clock is {abs(ahead):,.0f} seconds {way} {host}."
    return warning("clock", text, "Set the clock by the network: resets and sign-ins are told by it.")
