"""How each setting is changed: a switch at once, everything else by the dialog that fits it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual import work
from textual.screen import Screen

from rota import config
from rota.config.described import Form, plain
from rota.config.sources import Source
from rota.errors import ConfigError, RotaError
from rota_tui.formatting import counted
from rota_tui.messages import SettingsChanged
from rota_tui.setting_rows import FILE, allowed, typed
from rota_tui.themes import THEMES
from rota_tui.wording import provider_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rota.engine import Engine
    from rota_tui.pieces import Locale
    from rota_tui.setting_rows import Row

CHAIN = "pool.fallback_models."

STRATEGIES = {
    "auto": "stay while there is room, move on before the limit, spend first what expires first",
    "round-robin": "each new session takes the next account",
    "least-recently-used": "the account that has rested longest",
    "lowest-utilization": "the account with the most left, the week before the five hours",
    "soonest-reset": "the account that refills first",
}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "pool.strategy": STRATEGIES,
    "vault": {
        "auto": "the system keyring where one works, else a private file; what is there stays",
        "keyring": "the system keyring; every secret is moved there",
        "file": "a private file, readable by you alone; every secret is moved there",
    },
}
"""What is to be said of the choices of a setting."""

ASKED_FIRST = {
    "anthropic.route_subscriptions": (
        "Send requests through Claude subscriptions?",
        (
            "Anthropic says that subscription logins are for its own apps, and API keys for everything else.",
            "What it does about other use is between you and Anthropic; rota shows refusals as they are.",
        ),
        "Send them",
    ),
    "gateway.allow_remote": (
        "Let other machines in?",
        (
            "Whoever reaches this machine and has a key of the gateway can then use your accounts.",
            "What is said travels unencrypted. It holds when the gateway starts again.",
        ),
        "Let them in",
    ),
}
"""Switches that are asked about before they are turned on."""


@dataclass(slots=True)
class Place:
    """Where somebody is in the settings, kept while the screen is made anew."""

    cursor: str | None = None
    words: str = ""
    drafts: dict[str, str] = field(default_factory=dict)
    """What was typed for a setting and not written."""


class SettingsEditing(Screen[None]):
    """The screen says which row is meant (`current`); this changes it and tells what came of it."""

    engine: Engine
    _locale: Locale
    place: Place

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        raise NotImplementedError

    def changed(self) -> None:
        """Show the settings as they are now."""
        raise NotImplementedError

    # --- writing ------------------------------------------------------------------------------------------

    def _put(self, key: str, value: Any) -> str:
        """Write a value; returns what is wrong with it, or nothing."""
        return self._written(key, lambda: config.put(self.engine.paths, key, value))

    def _put_text(self, key: str, text: str) -> str:
        """The same for what was typed."""
        return self._written(key, lambda: config.set_value(self.engine.paths, key, text))

    def _unset(self, key: str) -> str:
        """Take it out of the file."""
        return self._written(key, lambda: config.unset(self.engine.paths, key))

    def _written(self, key: str, write: Callable[[], object]) -> str:
        try:
            self._write(key, write)
        except RotaError as error:
            return error.in_full
        return ""

    def _write(self, key: str, write: Callable[[], object]) -> None:
        """Write, and go on by what is written."""
        write()
        self.engine.take_up(key)
        self.post_message(SettingsChanged())
        self.changed()

    def _tell(self, row: Row, problem: str = "") -> None:
        """What came of it; nothing where the row says it all."""
        if problem:
            self.notify(problem, severity="error", markup=False)
        elif row.source is Source.ENVIRONMENT:
            self.notify("It is written, but the environment sets it too, and wins.", severity="warning")
        elif row.setting is not None and row.setting.restart:
            self.notify(f"{row.key} is written. It holds {when_taken_up(row.key)}.", markup=False)

    # --- each in its way ----------------------------------------------------------------------------------

    def edit(self, row: Row) -> None:
        """Change a row in the way that fits it."""
        setting = row.setting
        if setting is None or row.key.startswith(FILE):
            return
        if row.form is Form.SWITCH:
            self._toggle(row)
        elif row.key == "ui.theme":
            self._choose_theme(row)
        elif row.key == "ui.keys":
            self._choose_keys()
        elif row.key == "vault":
            self._move_vault(row)
        elif row.key == "chat.model":
            self._choose_model(row)
        elif setting.rule.choices:
            self._choose(row)
        elif row.key.startswith(CHAIN):
            self._order(row)
        elif row.form is Form.TABLE:
            self._name_things(row)
        else:
            self._type(row)

    @work(group="settings", exclusive=True, description="turn a setting on or off")
    async def _toggle(self, row: Row) -> None:
        if not row.value and row.key in ASKED_FIRST:
            from rota_tui.dialogs.confirm import ConfirmDialog

            question, paragraphs, yes = ASKED_FIRST[row.key]
            if not await self.app.push_screen_wait(ConfirmDialog(question, paragraphs, yes=yes, no="Leave it off")):
                return
        self._tell(row, self._put(row.key, not row.value))

    @work(group="dialog", exclusive=True, description="choose a setting's value")
    async def _choose(self, row: Row) -> None:
        if (chosen := await self._ask_choice(row)) is not None:
            self._tell(row, self._put(row.key, chosen))

    async def _ask_choice(self, row: Row) -> str | None:
        from rota_tui.dialogs.choices import ChoiceDialog

        assert row.setting is not None  # noqa: S101 - only settings have choices
        said = CHOICES.get(row.key, {})
        told = {name: said.get(name, "") for name in row.setting.choices}
        if row.default in told:
            told[row.default] = ", ".join(filter(None, (told[row.default], "the default")))
        dialog = ChoiceDialog(row.setting.help, told, self._locale.glyphs, current=row.value)
        return await self.app.push_screen_wait(dialog)

    @work(group="dialog", exclusive=True, description="choose a theme")
    async def _choose_theme(self, row: Row) -> None:
        from rota_tui.dialogs.choices import ThemeDialog

        themes = self.app.available_themes.values()
        own = [theme.name for theme in THEMES]
        worn = self.app.theme
        listed = sorted(themes, key=lambda t: (own.index(t.name) if t.name in own else len(own), t.name))
        chosen = await self.app.push_screen_wait(
            ThemeDialog([t for t in listed if "ansi" not in t.name], self._locale.glyphs, current=worn)
        )
        if chosen is not None:
            if problem := self._put(row.key, chosen):
                self.app.theme = worn  # what is not written is not worn either
            self._tell(row, problem)

    @work(group="dialog", exclusive=True, description="choose keys")
    async def _choose_keys(self) -> None:
        from rota_tui.dialogs.keys import KeysDialog

        await self.app.push_screen_wait(
            KeysDialog(lambda: self.engine.settings.ui.keys, self._put_text, self._unset, self._locale.glyphs)
        )
        self.changed()

    @work(group="dialog", exclusive=True, description="choose a model")
    async def _choose_model(self, row: Row) -> None:
        if (chosen := await self._pick_model("", str(row.value))) is not None:
            self._tell(row, self._put(row.key, chosen))

    async def _pick_model(self, provider: str, current: str = "") -> str | None:
        """A model of any provider with the provider's name, or of a certain one without."""
        from rota_tui.dialogs.model_picker import ModelPicker
        from rota_tui.widgets.model_table import AS_TYPED

        async def fetch() -> tuple[Any, ...]:
            models = await self.engine.models()
            return tuple(model for model in models if provider in ("", model.provider))

        chosen = await self.app.push_screen_wait(ModelPicker((), fetch, self._locale.glyphs, current=current))
        if chosen is None or chosen.startswith(AS_TYPED):
            return None if chosen is None else chosen.removeprefix(AS_TYPED)
        return chosen.removeprefix(f"{provider}/") if provider else chosen

    @work(group="dialog", exclusive=True, description="order the fallback chain")
    async def _order(self, row: Row) -> None:
        from rota_tui.dialogs.ordered import OrderedDialog

        provider = row.key.removeprefix(CHAIN)
        dialog = OrderedDialog(
            f"The fallback chain of {provider_name(provider)}",
            "Tried from the first to the last when the model asked for cannot serve.",
            row.value,
            lambda: self._pick_model(provider),
            lambda name: "free" if name.endswith(":free") else "",
            self._locale.glyphs,
        )
        chain = await self.app.push_screen_wait(dialog)
        if chain is not None and chain != row.value:
            problem = self._put(row.key, list(chain))
            self._tell(row, problem)
            if not problem:
                self.notify(f"{counted(len(chain), 'model')} in {provider_name(provider)}'s chain.", markup=False)

    @work(group="dialog", exclusive=True, description="name things")
    async def _name_things(self, row: Row) -> None:
        from rota_tui.dialogs.named import NamedDialog

        assert row.setting is not None  # noqa: S101 - only settings are tables
        entries = row.setting.allowed.removeprefix("a table, each entry ")
        dialog = NamedDialog(
            row.key,
            (row.setting.help, entries),
            lambda: config.get(self.engine.settings, row.key),
            lambda name, value: self._checked(f"{row.key}.{name}", value, f"That does not fit. Allowed: {entries}."),
            lambda name: self._unset(f"{row.key}.{name}"),
            self._locale.glyphs,
        )
        await self.app.push_screen_wait(dialog)

    @work(group="dialog", exclusive=True, description="type a setting's value")
    async def _type(self, row: Row) -> None:
        from rota_tui.dialogs.value import ValueDialog

        assert row.setting is not None  # noqa: S101 - only settings have values
        default = typed(row.default) if row.default not in (None, "", ()) else "not set"
        dialog = ValueDialog(
            row.key,
            (row.setting.help, f"Allowed: {allowed(row)}. Default: {default}."),
            value=typed(row.value),
            write=lambda text: self._checked(row.key, text, _unfit(row, text)),
            keep=lambda text: self.place.drafts.update({row.key: text}),
            draft=self.place.drafts.get(row.key),
        )
        if await self.app.push_screen_wait(dialog) is not None:
            self.place.drafts.pop(row.key, None)
            self._tell(row)

    def _checked(self, key: str, text: str, unfit: str) -> str:
        """Write what was typed; what does not fit is told by `unfit`, in terms of this one setting."""
        try:
            self._write(key, lambda: config.set_value(self.engine.paths, key, text))
        except RotaError as error:
            # What stands in the file's way is not the fault of what was typed.
            return unfit if isinstance(error, ConfigError) and error.path is None else error.in_full
        return ""

    # --- the vault ----------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True, description="move the secrets")
    async def _move_vault(self, row: Row) -> None:
        from rota_tui.dialogs.confirm import ConfirmDialog

        chosen = await self._ask_choice(row)
        if chosen is None or chosen == row.value:
            return
        if self.engine.vault_kind == "memory":
            self.notify("This rota keeps its secrets in memory only; there is nothing to move.", severity="warning")
            return
        where = {"keyring": "the system keyring", "file": "a private file"}.get(chosen)
        if where is not None:
            paragraphs = (
                f"Each secret is copied to {where}, read back, and only then deleted where it was.",
                "Other rotas that run now go on with it there.",
            )
            if not await self.app.push_screen_wait(
                ConfirmDialog(f"Move every secret to {where}?", paragraphs, yes="Move them", no="Leave them")
            ):
                return
        await self._moved(chosen)

    async def _moved(self, chosen: str) -> None:
        from rota.vault.moving import move_vault

        try:
            kind = await move_vault(self.engine.paths, os.environ, chosen)
            self.engine.take_up("vault")
        except RotaError as error:
            self.notify(error.in_full, severity="error", markup=False)
            return
        self.post_message(SettingsChanged())
        self.changed()
        self.notify(f"Every secret is in the {kind} vault.")

    # --- back to the default ------------------------------------------------------------------------------

    def reset(self, row: Row) -> None:
        """Take a setting out of the file; a written entry of a table too."""
        if row.setting is None:
            return
        if row.source is not Source.FILE:
            self.notify("It is not in the file; its default holds already.")
            return
        if problem := self._unset(row.key):
            self._tell(row, problem)
            return
        self.place.drafts.pop(row.key, None)
        now = typed(row.default) if row.default not in (None, "", (), {}) else "not set"
        short = now if len(now) <= 40 else "at its default"
        ending = when_taken_up(row.key) if row.setting.restart else "again"
        self.notify(f"{row.key} is {short} {ending}.", markup=False)


def when_taken_up(key: str) -> str:
    """When a change holds that cannot hold at once."""
    if (key.startswith("gateway.") and key != "gateway.with_app") or key == "stats.max_samples":
        return "when the gateway starts again"
    return "when rota starts again"


def _unfit(row: Row, text: str) -> str:
    said = allowed(row)
    if row.form is Form.LIST:
        return f"That does not fit. Allowed: {said}, with commas between."
    low, high = (row.setting.rule.ge, row.setting.rule.le) if row.setting is not None else (None, None)
    number = _number(text)
    if low is not None and high is not None and number is not None and not low <= number <= high:
        return f"{text.strip()} is not from {plain(low)} to {plain(high)}."
    return f"That does not fit. Allowed: {said}."


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace("_", ""))
    except ValueError:
        return None
