"""How the app speaks up: a note for the alerts that were raised, and the terminal's bell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.events import AlertRaised

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from textual.app import App

    from rota.events import Event
    from rota.settings import AlertSettings

SHOWN = 4
"""Alerts of one moment that a note spells out."""


def speak(app: App[Any], events: Iterable[Event], settings: AlertSettings, now: float, tz: tzinfo | None) -> None:
    """Tell what was raised, by this process or another, in one note; in quiet hours without the bell."""
    raised = [event for event in events if isinstance(event, AlertRaised)]
    if not raised or not settings.enabled:
        return
    from rota.alerts import AlertKind, quiet  # with the forecast: not for the first frame

    if settings.toast:
        lines = [event.text for event in raised[:SHOWN]]
        if len(raised) > SHOWN:
            lines.append(f"and {len(raised) - SHOWN} more, in Activity")
        good = all(event.key.startswith(f"{AlertKind.BACK} ") for event in raised)
        app.notify("\n".join(lines), severity="information" if good else "warning", markup=False)
    if settings.bell and not quiet(settings.quiet_hours, now, tz):
        app.bell()
