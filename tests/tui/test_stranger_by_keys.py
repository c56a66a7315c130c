"""What a stranger does from first sign-in to leaving, by keys only, and what is left on the disk then."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.app_world import Opened, opened
from tests.support.browsing import Browser
from tests.support.crashes import open_files
from tests.support.foreign_files import Machine
from tests.support.roles import in_person
from textual import events
from textual.notifications import Notify

from rota.account import Kind
from rota.paths import under
from rota.simulator import credentials_of, set_account
from rota.vault import open_vault
from rota_tui import browser
from rota_tui.widgets.found_table import FoundTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

LIMIT_S = 60.0
GUEST = "patient_door_615887"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A person's home folder, with nothing of this machine's in it."""
    person = tmp_path / "person"
    (person / "project").mkdir(parents=True)
    monkeypatch.chdir(person / "project")
    with in_person(str(person)):
        yield Machine(person)


@dataclass
class Stranger:
    """Somebody with a keyboard, a screen, and a browser beside them."""

    it: Opened
    web: Browser
    pages: list[str]
    """What the browser was asked to open."""

    async def press(self, *keys: str) -> None:
        """One key after the other, each when the one before has done all it does."""
        for key in keys:
            await self.it.press(key)

    async def paste(self, secret: str) -> None:
        self.it.app.post_message(events.Paste(secret))
        await self.it.settled()

    async def until(self, true: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not true():
                    await self.it.pilot.pause(0.01)
        except TimeoutError:
            pytest.fail(f"{what}; there is:\n{self.it.text()}")
        await self.it.settled()

    async def sees(self, words: str) -> None:
        """Wait until these words stand on the screen."""
        await self.until(lambda: words in self.it.text(), f"{words!r} is not on the screen")

    async def is_told(self, words: str) -> None:
        """Wait until the newest notification says this; then let it go, as it may cover what is looked at next."""
        await self.until(lambda: words in "".join(self._told()[-1:]), f"{words!r} is not what was told last")
        self.it.app.clear_notifications()
        await self.until(lambda: not self.it.app.screen.query("Toast"), "a notification stays")

    async def is_at(self, widget_id: str) -> None:
        """Wait until keys go here."""
        await self.until(lambda: getattr(self.it.app.focused, "id", None) == widget_id, f"{widget_id} has no focus")

    async def names(self, label: str, *then: str) -> None:
        """Name what was just added."""
        await self.is_at("name")
        await self.press(*label, *then)

    def _told(self) -> list[str]:
        return [message.notification.message for message in self.it.messages if isinstance(message, Notify)]

    async def comes_back(self, who: str) -> None:
        """Say yes in the browser, at the page that was opened last."""
        await self.sees("your browser was asked to open the page")
        page = await self.web.sign_in(self.pages.pop(), who)
        assert page.status_code == 200

    async def hands_in(self, secret: str) -> None:
        """Paste a key or token where one is asked for, and let it be checked."""
        await self.is_at("secret")
        await self.paste(secret)
        assert secret not in self.it.text()
        await self.press("enter")

    # --- what there is ------------------------------------------------------------------------------------

    def secret(self, label: str) -> str:
        return str(self.login(label)["secret"])

    def login(self, label: str) -> dict[str, Any]:
        return next(c for c in credentials_of(self.it.world) if c["label"] == label)

    def accounts(self) -> dict[str, str]:
        """Ids by label, in the person's order."""
        return {state.account.label: state.id for state in self.it.engine.snapshot.listed()}

    def states(self) -> list[str]:
        """What the table says of each account, in its order."""
        return [self.it.row(label) for label in self.accounts()]

    def found(self, words: str) -> str:
        """The import dialog's row that has these words in it."""
        region = self.it.app.screen.query_one(FoundTable).region
        lines = self.it.text().splitlines()[region.y : region.bottom]
        return next((line[region.x : region.right] for line in lines if words in line), "")


@asynccontextmanager
async def arrived(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stranger]:
    """A stranger in front of an empty rota whose secrets are in a file."""
    pages: list[str] = []

    async def open_page(url: str) -> bool:
        pages.append(url)
        return True

    monkeypatch.setattr(browser, "open_page", open_page)
    vault = await open_vault("file", under(home))
    async with opened(home, vault=vault) as it, aclosing(Browser(it.world)) as web:
        yield Stranger(it, web, pages)
    assert open_files(home) == []


async def test_three_accounts_of_each_provider_are_signed_in_renewed_turned_off_and_removed(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "rota"
    async with arrived(home, monkeypatch) as me:
        it = me.it
        await me.sees("add an account: Anthropic or Puter")

        # Six in a row, without leaving the dialog.
        await me.press("a", "enter", "enter")
        await me.hands_in(me.secret("console"))
        await me.names("work", "ctrl+n")
        await me.press("enter", "down", "enter")
        await me.sees("meant for its own apps")
        await me.press("y")
        await me.sees("your browser was asked to open the page")
        await me.press("e", "y")
        await me.paste(await me.web.read_code(it.app.clipboard, "newcomer"))
        await me.sees("alan@example.com added")
        await me.names("mine", "ctrl+n")
        await me.press("enter", "enter")
        await me.hands_in(me.secret("console-small"))
        await me.names("small", "ctrl+n")
        await me.press("down", "enter", "enter")
        await me.comes_back("carol")
        await me.sees("carol@example.com added")
        await me.names("carol", "ctrl+n")
        await me.press("down", "enter", "down", "enter")
        await me.hands_in(me.secret("dave"))
        await me.sees("dave@example.com added")
        await me.names("dave", "ctrl+n")
        await me.press("down", "enter", "down", "enter")
        await me.hands_in(me.secret(GUEST))
        await me.sees(f"{GUEST} added")
        await me.names("guest", "enter")
        await me.is_told("work, mine, small and 3 more added.")
        everyone = me.accounts()
        assert list(everyone) == ["work", "mine", "small", "carol", "dave", "guest"]
        assert all(me.states()), it.text()
        assert open_files(home) == []

        # Renewed: a login that has ended where it stands, the others by signing in as the same once more.
        set_account(it.world, "newcomer", {"revoke_access": True, "revoke_refresh": True})
        await me.press("home", "down", "r")
        await me.is_told("No new figures. mine")
        assert "sign in again" in it.row("mine")
        await me.press("i", "y")
        await me.sees("Sign in to a Claude subscription again, as mine")
        await me.comes_back("newcomer")
        await me.sees("mine signed in again")
        await me.is_at("done")
        await me.press("enter")
        await me.is_told("mine signed in again.")
        assert "sign in again" not in it.row("mine")
        assert "No new figures. Anthropic" not in it.text(), "that was said to the login before"
        await me.press("r")
        await me.is_told("Figures are fresh.")
        assert "%" in it.row("mine")
        await me.press("a", "enter", "enter")
        await me.hands_in(me.secret("console"))
        await me.sees("work signed in again")
        await me.is_at("done")
        await me.press("ctrl+n", "down", "enter", "enter")
        await me.comes_back("carol")
        await me.sees("carol signed in again")
        await me.is_at("done")
        await me.press("enter")
        await me.is_told("work and carol signed in again.")
        assert me.accounts() == everyone

        await me.press("home", "e")
        await me.is_told("work is off.")
        assert [" off" in state for state in me.states()] == [True] + [False] * 5
        await me.press("ctrl+a", "e")
        await me.is_told("work is on.")
        await me.press("e")
        await me.is_told("work, mine, small and 3 more are off.")
        assert all(" off" in state for state in me.states()), it.text()
        await me.press("e", "escape")
        await me.is_told("work, mine, small and 3 more are on.")
        assert not any(" off" in state for state in me.states()), it.text()

        await me.press("home", "d")
        await me.sees("Remove work?")
        await me.press("y")
        await me.is_told("work removed. The key itself stays valid")
        await me.press("home", "d", "down", "down", "space")
        await me.sees("Remove 2 accounts?")
        await me.press("y")
        await me.is_told("mine and carol removed.")
        assert list(me.accounts()) == ["small", "dave", "guest"]
        assert await it.vault.names() == {f"account/{account_id}" for account_id in me.accounts().values()}
        await me.press("d", "a")
        await me.sees("rota is then signed in nowhere")
        await me.press("y")
        await me.sees("add an account: Anthropic or Puter")
        assert not me.accounts()
        kept = under(home).vault_file.read_text("utf-8")
        assert not [c["label"] for c in credentials_of(it.world) if str(c["secret"]) in kept]


async def test_five_foreign_files_are_imported_taken_back_and_imported_again(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "rota"
    async with arrived(home, monkeypatch) as me:
        it = me.it
        it.world.add_subscription("claude-code", "max5", email="alan@example.com")
        before = leave_files(machine, me)

        await me.press("m")
        await me.sees("6 of 6 come in")
        for name in ("auth.json", "anthropic-accounts.json", "puter-accounts.json", "ulti-account", ".credentials"):
            assert " new " in me.found(name), it.text()
        await me.press("d")
        await me.sees("pool.retries = 7")
        assert not [c["label"] for c in credentials_of(it.world) if str(c["secret"]) in it.text()]
        assert not me.accounts()
        await me.press("escape", "enter")
        await me.sees("meant for its own apps")
        await me.press("y")
        await me.sees("Set pool.retries")
        imported = set(me.accounts())
        assert len(imported) == 6
        assert "retries = 7" in under(home).config_file.read_text("utf-8")
        assert open_files(home) == []

        await me.press("z")
        await me.sees("The import was taken back")
        assert not me.accounts()
        assert not await it.vault.names()
        await me.press("enter")
        await me.sees("add an account: Anthropic or Puter")
        assert "retries" not in under(home).config_file.read_text("utf-8")

        await me.press("m")
        await me.sees("6 of 6 come in")
        await me.press("enter", "y")
        await me.sees("Set pool.retries")
        await me.press("enter")
        again = me.accounts()
        assert set(again) == imported
        assert all(me.states()), it.text()

        await me.press("m")
        await me.sees("0 of 6 come in")
        assert "same as" in me.found("puter-accounts.json")
        await me.press("enter")
        await me.sees("There was nothing new.")
        await me.sees("6 were here already.")
        await me.press("enter")
        assert me.accounts() == again
        kinds = [state.account.kind for state in it.engine.snapshot.listed()]
        assert (kinds.count(Kind.SUBSCRIPTION), kinds.count(Kind.PUTER)) == (4, 2)
        assert {path: path.read_bytes() for path in before} == before


def leave_files(machine: Machine, me: Stranger) -> dict[Path, bytes]:
    """What other tools left on the machine: five files with logins, one with options."""

    def oauth(label: str) -> dict[str, Any]:
        login = me.login(label)
        expires = int(login["expires_at"] * 1000)
        return {"access": login["secret"], "refresh": login["refresh_token"], "expires": expires}

    opencode, claude = machine.puter_accounts.parent, oauth("claude-code")
    auth = {"anthropic": {"type": "oauth", **oauth("max")}, "puter": {"type": "api", "key": me.secret("carol")}}
    plugin = {"version": 1, "accounts": [{**oauth("pro"), "label": "second", "addedAt": 1}], "activeIndex": 0}
    names = {"access": "accessToken", "refresh": "refreshToken", "expires": "expiresAt"}
    files = {
        machine.auth: auth,
        machine.plugin_accounts: plugin,
        machine.puter_accounts: {"accounts": [{"username": "dave", "authToken": me.secret("dave")}]},
        opencode / "anthropic-multi-account-accounts.json": {"accounts": [{"name": "team", **oauth("team")}]},
        machine.home / ".claude/.credentials.json": {
            "claudeAiOauth": {names[key]: value for key, value in claude.items()}
        },
        opencode / "puter.json": {"max_retries": 7},
    }
    return {path: machine.write(path, content).read_bytes() for path, content in files.items()}
