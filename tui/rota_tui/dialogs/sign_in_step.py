"""A browser sign-in under way: what has happened, how long it still waits, the address, and a place to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.style import Style
from textual.widgets import Label, Static

from rota.errors import RotaError, SignInFailed
from rota.login.flow import WAIT_S, SignInCancelled, Stage
from rota_tui import browser
from rota_tui.dialogs.secret_input import SecretInput
from rota_tui.dialogs.step import Step
from rota_tui.formatting import countdown, gauge
from rota_tui.pieces import Piece, Tone
from rota_tui.widgets.tones import stacked
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from rota.engine import Engine
    from rota.login.flow import SignIn
    from rota_tui.dialogs.ways import Way
    from rota_tui.pieces import Line, Locale

_BAR = 24


class SignInStep(Step, can_focus=True):
    """The browser's return and a paste race each other; a paste is taken wherever the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open", "Open the page again", show=False),
        Binding("y", "copy", "Copy the address", show=False),
        Binding("e", "elsewhere", "The address for a browser elsewhere, or for one here", show=False),
        Binding("p,tab", "type", "To the line for pasting", show=False),
        Binding("r", "retry", "Try again", show=False),
    ]

    state = getters.query_one("#state", Static)
    where = getters.query_one("#where", Label)
    address = getters.query_one("#address", Static)
    pasted = getters.query_one(SecretInput)
    told = getters.query_one("#told", Label)

    def __init__(self, engine: Engine, way: Way, locale: Locale) -> None:
        super().__init__()
        self._engine = engine
        self._way = way
        self._locale = locale
        self._attempt: SignIn | None = None
        self._opened: bool | None = None
        """Whether a browser was found; None until it was looked for."""
        self._elsewhere = False
        """Whether the address shown is the one for a browser on another machine."""
        self._failed = False
        self._told_keys = ""

    @property
    def title(self) -> str:
        what = "a Claude subscription" if self._way.provider == "anthropic" else provider_name(self._way.provider)
        return f"Sign in to {what}"

    @property
    def keys(self) -> str:
        if self._failed:
            return "r try again   esc back"
        if not self._waits:
            return "esc cancel"
        other = "here" if self._elsewhere else "elsewhere"
        return f"y copy   o reopen   e browser {other}   p paste   esc cancel"

    @property
    def _waits(self) -> bool:
        """Whether the person's answer is what is missing."""
        return self._attempt is not None and self._attempt.stage is Stage.WAITING and not self._failed

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key only while it does something."""
        if action == "retry":
            return self._failed
        if action in ("open", "copy", "elsewhere", "type"):
            return self._waits
        return super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        yield Static(id="state")
        yield Label("", id="where", classes="dialog-hint", markup=False)
        yield Static(id="address")
        yield SecretInput(id="secret")
        yield Label("", id="told", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "now", self._renew, init=False)
        self.focus()
        self._begin()

    def _begin(self) -> None:
        self._failed, self._opened = False, None
        self.told.update("")
        self.pasted.value = ""
        self.pasted.disabled = False
        self._attempt = None
        self._renew()
        self._sign_in()

    @work(group="sign-in", exclusive=True, description="sign in")
    async def _sign_in(self) -> None:
        try:
            async with self._engine.sign_in(self._way.provider) as attempt:
                self._attempt = attempt
                self._renew()
                self._open()
                added = await self._engine.finish_sign_in(self._way.provider, attempt)
        except SignInCancelled:
            return
        except RotaError as error:
            self._fail(error.in_full)
        else:
            self.answer(added)

    def _fail(self, why: str) -> None:
        self._failed = True
        self._renew()
        self._tell(why)
        self.pasted.disabled = True
        self.focus()

    # --- what it shows ------------------------------------------------------------------------------------

    def _renew(self) -> None:
        if not self.is_attached:
            return
        attempt = self._attempt
        self.state.update(stacked((self._opening(), self._waiting(attempt), self._checking(attempt))))
        for widget in (self.where, self.address, self.pasted):
            widget.display = self._waits
        if attempt is not None:
            self._show_address(attempt)
        if self.keys != self._told_keys:
            self._told_keys = self.keys
            self.post_message(self.KeysChanged(self))

    def _opening(self) -> Line:
        glyphs = self._locale.glyphs
        match self._opened:
            case None:
                return (Piece(f"{glyphs.dot} ", Tone.ACTIVE), Piece("opening your browser"))
            case True:
                return (Piece(f"{glyphs.done} ", Tone.OK), Piece("your browser was asked to open the page"))
            case False:
                return (
                    Piece(f"{glyphs.ring} ", Tone.LOW),
                    Piece("no browser opens here: take the address below"),
                )

    def _waiting(self, attempt: SignIn | None) -> Line:
        glyphs = self._locale.glyphs
        if attempt is None:
            return (Piece(f"{glyphs.ring} waiting for you", Tone.QUIET),)
        if attempt.stage in (Stage.CHECKING, Stage.DONE):
            return (Piece(f"{glyphs.done} ", Tone.OK), Piece("you came back"))
        if self._failed:
            return (Piece(f"{glyphs.failed} ", Tone.SPENT), Piece("not signed in"))
        left = max(0.0, attempt.ends_at - self._engine.clock.now())
        bar = gauge(left / WAIT_S, _BAR, glyphs, tone=Tone.ACTIVE)
        return (Piece(f"{glyphs.dot} ", Tone.ACTIVE), Piece("waiting for you  "), *bar, Piece(f"  {countdown(left)}"))

    def _checking(self, attempt: SignIn | None) -> Line:
        glyphs, name = self._locale.glyphs, provider_name(self._way.provider)
        if attempt is not None and attempt.stage in (Stage.CHECKING, Stage.DONE) and not self._failed:
            return (Piece(f"{glyphs.dot} ", Tone.ACTIVE), Piece(f"checking with {name}"))
        return (Piece(f"{glyphs.ring} checking with {name}", Tone.QUIET),)

    def _show_address(self, attempt: SignIn) -> None:
        secret, begins = self._way.secret, self._way.begins
        if self._elsewhere:
            self.where.update(f"For a browser anywhere, whose page then shows the {secret}:")
            self.pasted.placeholder = f"paste the {secret} here: {begins}"
        else:
            self.where.update("For a browser on this machine:")
            self.pasted.placeholder = f"or paste the {secret} here: {begins}"
        url = self._url(attempt)
        self.address.update(Content.styled(url, Style(link=url)))

    def _url(self, attempt: SignIn) -> str:
        return attempt.manual_url if self._elsewhere else attempt.url

    # --- keys ---------------------------------------------------------------------------------------------

    def back(self) -> bool:
        """Escape leaves the line first, then the sign-in."""
        if not self.pasted.has_focus:
            return False
        self.pasted.value = ""
        self.focus()
        return True

    @work(group="open", exclusive=True, description="open the sign-in page")
    async def _open(self) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        self._opened = await browser.open_page(attempt.url)
        if not self._opened:
            self._elsewhere = True  # without a browser here nothing can come back to this machine
        self._renew()

    def action_open(self) -> None:
        self._elsewhere = False
        self._open()

    def action_copy(self) -> None:
        if self._attempt is not None:
            self.app.copy_to_clipboard(self._url(self._attempt))
            self._tell("The address was copied.", calm=True)

    def action_elsewhere(self) -> None:
        self._elsewhere = not self._elsewhere
        self._renew()

    def action_type(self) -> None:
        self.pasted.focus()

    def action_retry(self) -> None:
        self._begin()

    def on_paste(self, event: events.Paste) -> None:
        """A paste counts wherever the focus is."""
        event.stop()
        self._take(event.text)

    def on_secret_input_submitted(self) -> None:
        self._take(self.pasted.value)

    def _take(self, text: str) -> None:
        if self._attempt is None or not self._waits:
            return
        if not (text := "".join(text.split())):
            self._tell(f"Paste the {self._way.secret} first.")
            return
        try:
            self._attempt.paste(text)
        except SignInFailed as error:
            self._tell(error.in_full)
        else:
            self._tell("")
            self.call_after_refresh(self._renew)

    def _tell(self, text: str, *, calm: bool = False) -> None:
        self.told.update(text)
        self.told.set_class(calm, "-calm")
