"""How the app speaks up: by the alerts that it sees raised, whoever raised them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.app_world import DAY, HOUR, MINUTE, NOW, Opened, account, opened, quota
from tests.tui.test_foreseeing import rising

from rota.account import Health
from rota.errors import Meaning
from rota.events import AlertRaised, CooldownLifted, CooldownStarted, Event, HealthChanged
from rota.settings import AlertSettings

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 30.0
SPENT = AlertRaised(at=NOW, key="spent ada 1", text="[/foo] [prod] is spent, back 13:00")
BACK = AlertRaised(at=NOW, key="back ada 1", text="ada is back")


async def test_an_alert_of_any_process_is_a_note_and_never_markup(tmp_path: Path) -> None:
    async with opened(tmp_path, account("ada")) as it:
        await it.happen(SPENT)
        assert it.toasts() == [SPENT.text]
        assert "[/foo] [prod] is spent" in it.text()


async def test_alerts_of_one_moment_are_one_note(tmp_path: Path) -> None:
    async with opened(tmp_path, account("ada")) as it:
        await it.happen(*(AlertRaised(at=NOW, key=f"spent {n} 1", text=f"{n} is spent") for n in range(6)))
        assert it.toasts() == ["0 is spent\n1 is spent\n2 is spent\n3 is spent\nand 2 more, in Activity"]


@pytest.mark.parametrize(
    ("event", "severity"),
    [(SPENT, "warning"), (BACK, "information")],
)
async def test_only_good_news_is_no_warning(tmp_path: Path, event: AlertRaised, severity: str) -> None:
    async with opened(tmp_path, account("ada")) as it:
        await it.happen(event)
        assert [note.severity for note in it.app._notifications] == [severity]


@pytest.mark.parametrize(
    ("given", "notes", "bells"),
    [
        ({}, 1, 0),
        ({"bell": True}, 1, 1),
        ({"bell": True, "toast": False}, 0, 1),
        ({"bell": True, "quiet_hours": "11:00-13:00"}, 1, 0),  # only the app itself may speak, and silently
        ({"bell": True, "quiet_hours": "22:00-07:00"}, 1, 1),
        ({"bell": True, "enabled": False}, 0, 0),
    ],
)
async def test_the_settings_say_how_the_app_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], notes: int, bells: int
) -> None:
    async with opened(tmp_path, account("ada"), settings={"alerts": AlertSettings(**given)}) as it:
        rung: list[None] = []
        monkeypatch.setattr(it.app, "bell", lambda: rung.append(None))
        await it.happen(SPENT)
        assert (len(it.toasts()), len(rung)) == (notes, bells)


async def told(it: Opened, number: int) -> list[str]:
    """The first so many notes, in single lines; time goes on in small steps until they have come."""
    gone = time.monotonic() + PATIENCE_S
    while len(it.toasts()) < number:
        assert time.monotonic() < gone, f"only this was told: {it.toasts()}"
        await it.pass_time(2 if it.clock.now() < NOW + 10 * MINUTE else 0)
    return [" ".join(toast.split()) for toast in it.toasts()]


COOLED = CooldownStarted(at=NOW, account_id="ada", until=NOW + HOUR, meaning=Meaning.LIMITED, reason="5h spent")
LIFTED = CooldownLifted(at=NOW + 2 * MINUTE, account_id="ada", reason="lifted by you")
DEAD = HealthChanged(at=NOW, account_id="ada", health=Health.NEEDS_LOGIN, reason="token refused")
KINDS: dict[str, tuple[list[Event], list[tuple[Event | None, str]]]] = {
    "a threshold": (
        [account("ada"), quota("ada", h5=0.5)],
        [(quota("ada", age=0, h5=0.85), "ada has used 85% of 5h, resets 14:00")],
    ),
    "spent and back": ([account("ada")], [(COOLED, "ada is spent, back 13:00"), (LIFTED, "ada is back")]),
    "a sign-in needed": ([account("ada")], [(DEAD, "ada needs a new sign-in")]),
    "a sign-in about to end": (
        [account("ada", login_expires_at=NOW + DAY)],
        [(None, "ada's sign-in ends Sat 12:00")],
    ),
    "a pool about to run dry": ([account("ada"), *rising("ada", 0.2, 0.1)], [(None, "The pool runs dry about 12:1")]),
}
"""What is there, then each fact with what is told of it; without a fact, what time alone brings."""


@pytest.mark.parametrize("kind", KINDS)
async def test_what_happens_behind_the_app_is_told_in_it(tmp_path: Path, kind: str) -> None:
    before, steps = KINDS[kind]
    async with opened(tmp_path, *before) as it:
        it.engine.start_background()
        await it.pass_time(10)
        for number, (event, expected) in enumerate(steps, start=1):
            if event is not None:
                await it.happen(event)
            assert (await told(it, number))[-1].startswith(expected)
