"""How the app speaks up: by the alerts that it sees raised, whoever raised them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.app_world import HOUR, MINUTE, NOW, account, opened, quota

from rota.events import AlertRaised
from rota.settings import AlertSettings

if TYPE_CHECKING:
    from pathlib import Path

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


async def test_an_account_running_low_behind_the_app_is_told_in_it(tmp_path: Path) -> None:
    async with opened(tmp_path, account("ada"), quota("ada", h5=0.5)) as it:
        it.engine.start_background()
        await it.pass_time(MINUTE)
        await it.happen(quota("ada", age=-MINUTE, h5=0.85))
        for _ in range(200):
            await it.pass_time(5)
            if it.toasts():
                break
        (note,) = it.toasts()
        assert note.startswith("ada has used 85% of 5h, resets ")
        assert it.clock.now() < NOW + HOUR
