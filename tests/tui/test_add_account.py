"""Adding accounts by keys: one question at a time, errors inline, Escape safe, no secret anywhere."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import HOUR, NOW, Opened, account, opened
from tests.support.browsing import Browser
from textual import events

from rota.account import Health, Kind
from rota.events import HealthChanged
from rota.simulator import Fault, credentials_of
from rota_tui import browser
from rota_tui.dialogs.add_account import AddAccountDialog
from rota_tui.dialogs.secret_input import SecretInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]
LIMIT_S = 300.0


def secret_of(it: Opened, provider: str) -> str:
    """A key or token that the simulated world takes."""
    kinds = {"anthropic": Kind.API_KEY, "puter": Kind.PUTER}
    return next(str(c["secret"]) for c in credentials_of(it.world) if c["kind"] == kinds[provider])


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the person's browser was asked to open."""
    asked: list[str] = []

    async def open_page(url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr(browser, "open_page", open_page)
    return asked


@asynccontextmanager
async def person(it: Opened) -> AsyncIterator[Browser]:
    web = Browser(it.world)
    try:
        yield web
    finally:
        await web.aclose()


async def until_added(it: Opened) -> None:
    """Let a sign-in that was answered come to its end."""
    if running := [w for w in it.app.workers if w.group == "sign-in"]:
        await it.app.workers.wait_for_complete(running)
    await it.settled()


async def paste(it: Opened, text: str) -> None:
    it.app.post_message(events.Paste(text))
    await it.settled()


# --- keys and tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_pasted_key_is_checked_with_the_provider_and_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, account("other"), size=size) as it:
        key = secret_of(it, "anthropic")
        await it.press("a", "enter", "enter")
        await paste(it, f"  {key}\n")
        await it.press("enter")
        assert it.line("Add another")
        await it.press("enter")
        added = it.engine.snapshot.listed()[-1].account
        assert added.kind is Kind.API_KEY
        assert it.toasts() == [f"{added.label} added."]
        assert it.row(added.label)
        assert key not in it.text()


async def test_a_key_of_another_kind_is_told_apart_before_the_provider_sees_it(tmp_path: Path) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "enter", "enter")
        await paste(it, secret_of(it, "puter"))
        await it.press("enter")
        assert it.line("This looks like a token of Puter.")
        await it.press("escape", "escape", "down", "enter", "down", "enter")
        await paste(it, secret_of(it, "anthropic"))
        await it.press("enter")
        assert it.line("This looks like an API key of Anthropic.")
        assert len(it.engine.snapshot.listed()) == 1
        assert not it.world.calls.listed()


async def test_a_new_account_is_named_once_it_is_known_who_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "down", "enter", "down", "enter")
        assert it.line("puter.com/?action=copyauth")
        await paste(it, secret_of(it, "puter"))
        await it.press("enter")
        await it.press(*"mine", "enter")
        added = it.engine.snapshot.listed()[-1].account
        assert (added.provider, added.label) == ("puter", "mine")
        assert it.toasts() == ["mine added."]


async def test_keys_that_come_all_at_once_go_to_the_questions_they_are_meant_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for key in ("a", "down", "enter", "down", "enter", "x", "y"):
            it.app.post_message(events.Key(key, key if len(key) == 1 else None))
        async with asyncio.timeout(30):
            while not (it.line("puter.com/?action=copyauth") and it.app.screen.query_one(SecretInput).value == "xy"):
                await it.pilot.pause(0.01)


async def test_arrows_and_enter_work_at_once_when_the_first_account_was_added(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("a", "enter", "enter")
        await paste(it, secret_of(it, "anthropic"))
        await it.press("enter", "ctrl+n", "down", "enter", "down", "enter")
        await paste(it, secret_of(it, "puter"))
        await it.press("enter", "enter")
        assert it.line("⏎ Details")
        await it.press("down", "enter")
        assert it.line("Puter account")
        await it.press("escape")
        first, second = it.engine.snapshot.listed()
        await it.engine.remove([first.id, second.id])
        await it.settled()
        assert it.app.focused is not None
        assert it.app.focused.id == "welcome"


async def test_another_one_is_added_without_leaving(tmp_path: Path) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "enter", "enter")
        await paste(it, secret_of(it, "anthropic"))
        await it.press("enter")
        await it.press("ctrl+n")
        assert it.line("Add an account")
        await it.press("down", "enter", "down", "enter")
        await paste(it, secret_of(it, "puter"))
        await it.press("enter")
        await it.press("enter")
        assert [s.account.provider for s in it.engine.snapshot.listed()] == ["anthropic", "anthropic", "puter"]
        assert it.toasts() == [f"{' and '.join(s.account.label for s in it.engine.snapshot.listed()[1:])} added."]


async def test_the_same_login_again_renews_the_account_and_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for told in (" added", " signed in again"):
            await it.press("a", "enter", "enter")
            await paste(it, secret_of(it, "anthropic"))
            await it.press("enter")
            assert it.line(told)
            await it.press("escape")
        assert len(it.engine.snapshot.listed()) == 1
        assert it.toasts()[-1].endswith("signed in again.")


async def test_a_refused_key_is_said_inline_and_what_was_typed_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("a", "enter", "enter", *"sk-ant-wrong", "enter")
        assert "Anthropic refused it: invalid x-api-key. Nothing was kept" in it.text()
        assert it.app.screen.query_one(SecretInput).value == "sk-ant-wrong"
        assert "sk-ant-wrong" not in it.text()
        await it.press("backspace")
        assert "refused" not in it.text()  # that was about what was typed before
        await it.press("escape", "escape", "escape")
        assert not isinstance(it.app.screen, AddAccountDialog)
        assert not it.engine.snapshot.listed()
        assert not await it.vault.names()


async def test_a_token_that_the_terminal_broke_into_lines_is_taken_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("a", "down", "enter", "down", "enter")
        token = secret_of(it, "puter")
        await paste(it, "\n".join(("", token[:60], f"  {token[60:120]}", token[120:], "")))
        await it.press("enter")
        assert it.line("Add another")


async def test_nothing_pasted_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("a", "enter", "enter", "enter")
        assert "Paste the API key first." in it.text()


async def test_escape_goes_back_one_question_at_a_time(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await it.press("a", "enter", "enter")
        for title in ("Add an account of Anthropic", "Add an account"):
            await it.press("escape")
            assert it.line(title)
        await it.press("escape")
        assert not isinstance(it.app.screen, AddAccountDialog)


async def test_the_messages_of_a_secret_input_keep_its_value_to_themselves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A traceback prints messages and arguments; none of them may hold what was typed."""
    async with opened(tmp_path) as it:
        await it.press("a", "enter", "enter", *"s3cret", "enter")
        told = [m for m in it.messages if isinstance(m, SecretInput.Changed | SecretInput.Submitted)]
        assert told
        assert "s3cret" not in " ".join(map(repr, told)) + caplog.text
        assert "s3cret" not in " ".join(worker.description + repr(worker) for worker in it.app.workers)


# --- the browser ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_subscription_signs_in_in_the_browser_after_the_notice(
    tmp_path: Path, pages: list[str], size: tuple[int, int]
) -> None:
    async with opened(tmp_path, account("other"), size=size) as it, person(it) as web:
        await it.press("a", "enter", "down", "enter")
        assert "meant for its own apps" in it.text()
        await it.press("y")
        assert it.line("your browser was asked to open the page")
        assert "  05:00 " in it.line("waiting for you")
        await it.pass_time(28)
        assert "  04:32 " in it.line("waiting for you")
        (url,) = pages
        page = await web.sign_in(url, "newcomer")
        assert page.status_code == 200
        await until_added(it)
        assert it.line("alan@example.com")
        await it.press("enter")
        assert it.engine.snapshot.listed()[-1].account.kind is Kind.SUBSCRIPTION


async def test_no_to_the_notice_opens_nothing(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "enter", "down", "enter", "enter")  # the safe answer has the focus
        assert it.line("Add an account of Anthropic")
        assert not pages
        await it.press("enter")  # where one was: the subscription
        assert it.line("Before you sign in to a Claude subscription")


async def test_a_code_pasted_at_any_time_signs_in_over_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    async with opened(tmp_path, account("other")) as it, person(it) as web:
        await it.press("a", "enter", "down", "enter", "y")
        assert it.line("no browser opens here")
        await it.press("y")
        manual = it.app.clipboard
        code = await web.read_code(manual, "newcomer")
        await paste(it, code)
        await until_added(it)
        assert it.line("alan@example.com")
        assert code not in it.text()


async def test_puter_signs_in_in_the_browser(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it, person(it) as web:
        await it.press("a", "down", "enter", "enter")
        who = next(iter(it.world.puter))
        await web.sign_in(pages[0], who)
        await until_added(it)
        assert it.line("added")
        await it.press("enter")
        assert it.engine.snapshot.listed()[-1].account.provider == "puter"


async def test_the_address_is_copied_and_opened_again(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "down", "enter", "enter", "y")
        assert it.app.clipboard == pages[0]
        assert it.line("The address was copied.")
        await it.press("e", "y")
        assert it.app.clipboard.endswith("action=copyauth")
        await it.press("o")
        assert pages == [pages[0]] * 2


async def test_the_keys_of_a_sign_in_fit_their_line_and_go_when_they_do_nothing(
    tmp_path: Path, pages: list[str]
) -> None:
    async with opened(tmp_path, account("other"), size=(80, 24)) as it:
        await it.press("a", "down", "enter", "enter")
        assert it.line("y copy   o reopen   e browser elsewhere   p paste   esc cancel")
        await it.press("e")
        assert it.line("For a browser anywhere, whose page then shows the token:")
        await it.press("r", "?")
        assert "Try again" not in it.text()
        await it.press("escape")
        await it.pass_time(LIMIT_S)
        await until_added(it)
        assert it.line("r try again   esc back")
        await it.press("y", "o", "p", "?")
        assert "To the line for pasting" not in it.text()
        assert len(pages) == 1


async def test_a_paste_that_does_not_fit_is_said_and_the_wait_goes_on(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "down", "enter", "enter", "p", *"nonsense", "enter")
        assert it.line("That is not a Puter token.")
        assert it.line("waiting for you")
        await it.press("escape")
        assert not it.app.screen.query_one(SecretInput).value
        await it.press("escape")
        assert it.line("Add an account of Puter")
        assert pages


async def test_nobody_coming_back_is_said_and_tried_again(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it:
        await it.press("a", "down", "enter", "enter")
        await it.pass_time(LIMIT_S)
        await until_added(it)
        assert "Nobody came back from the browser within 5 minutes" in it.text()
        await it.press("r")
        assert it.line("waiting for you")
        assert len(pages) == 2


async def test_a_no_in_the_browser_is_a_message_of_its_own(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it, person(it) as web:
        await it.press("a", "enter", "down", "enter", "y")
        await web.sign_in(pages[0], "cancel")
        await until_added(it)
        assert "sent the browser back with a no" in it.text()
        assert len(it.engine.snapshot.listed()) == 1


async def test_a_refused_exchange_is_said_inline(tmp_path: Path, pages: list[str]) -> None:
    async with opened(tmp_path, account("other")) as it, person(it) as web:
        it.world.faults.force(Fault("token-404"))
        await it.press("a", "enter", "down", "enter", "y")
        await web.sign_in(pages[0], "newcomer")
        await until_added(it)
        assert it.line("not signed in"), it.text()
        assert "Nothing was kept" in it.text(), it.text()
        assert not [name for name in await it.vault.names() if name != "account/other"]


async def test_signing_in_again_goes_straight_to_the_way_in(tmp_path: Path, pages: list[str]) -> None:
    lost = HealthChanged(at=NOW - HOUR, account_id="mine", health=Health.NEEDS_LOGIN, reason="ended")
    async with opened(tmp_path, account("mine", provider="puter", kind=Kind.PUTER), lost) as it, person(it) as web:
        await it.press("i")
        assert it.line("Sign in to Puter again, as mine")
        await web.sign_in(pages[0], next(iter(it.world.puter)))
        await until_added(it)
        assert it.line("That is another account: mine still needs its own sign-in.")


async def test_a_question_answered_before_its_focus_was_told_of_harms_nothing(tmp_path: Path) -> None:
    """As when keys come faster than the dialog can go on: the message is about a widget that is gone."""
    async with opened(tmp_path) as it:
        await it.press("a")
        gone = it.app.focused
        assert gone is not None
        await it.press("enter")
        it.app.post_message(events.DescendantFocus(gone))
        await it.press("down", "enter")
        assert it.line("Before you sign in to a Claude subscription")
