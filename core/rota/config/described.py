"""Every setting described: its name, kind, default, meaning and allowed values, for screens, checks and papers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from rota.config.read import thawed
from rota.errors import ConfigError
from rota.settings import Rule, Settings


class Form(StrEnum):
    """What sort of value a setting takes."""

    SWITCH = "true or false"
    WHOLE = "a whole number"
    NUMBER = "a number"
    TEXT = "a text"
    LIST = "a list"
    TABLE = "a table"


SIMPLE = {bool: Form.SWITCH, int: Form.WHOLE, float: Form.NUMBER, str: Form.TEXT}


@dataclass(frozen=True, slots=True)
class Described:
    """One setting, as people see it."""

    key: str
    """Its dotted name: `pool.strategy`."""
    form: Form
    default: Any
    rule: Rule
    entries: Form | None = None
    """What a list or a table holds; a table of lists holds lists of texts."""

    @property
    def section(self) -> str:
        """The section it stands in; empty at the top of the file."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]

    @property
    def help(self) -> str:
        return self.rule.help

    @property
    def restart(self) -> bool:
        """Whether a running rota must be started again to see a change."""
        return self.rule.restart

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts it may be, those that installed packages register included; empty when others may be too."""
        if not self.rule.group:
            return self.rule.choices
        from rota import plugins  # late: it looks into every installed package

        return (*self.rule.choices, *plugins.names(self.rule.group))

    @property
    def allowed(self) -> str:
        """The values it may have, in words."""
        if self.form is Form.LIST:
            return f"a list, each {self._one(self.entries)}"
        if self.form is Form.TABLE:
            return f"a table, each entry {self._one(self.entries)}"
        return self._one(self.form)

    def _one(self, form: Form | None) -> str:
        rule = self.rule
        if rule.choices:
            return "one of " + ", ".join(self.choices)
        if rule.url:
            return "an https address, or an http address of this machine"
        if rule.clock_span:
            return "empty, or two times of day such as 22:00-07:00"
        if form is Form.LIST:
            return "a list of texts"
        if form in (Form.WHOLE, Form.NUMBER) and rule.ge is not None and rule.le is not None:
            return f"{form} from {plain(rule.ge)} to {plain(rule.le)}"
        return str(form)


@functools.cache
def describe() -> tuple[Described, ...]:
    """Every setting, in the order of the file."""
    top, sections = [], []
    hints = get_type_hints(Settings)
    for section in fields(Settings):
        chosen = getattr(DEFAULTS, section.name)
        if "rule" in section.metadata:
            top.append(_described(section.name, hints[section.name], chosen, section.metadata))
            continue
        inner = get_type_hints(type(chosen))
        for each in fields(chosen):
            key = f"{section.name}.{each.name}"
            sections.append(_described(key, inner[each.name], getattr(chosen, each.name), each.metadata))
    return (*top, *sections)


DEFAULTS = Settings()


def section_help(section: str) -> str:
    """What a section is about, in one sentence."""
    return (type(getattr(DEFAULTS, section)).__doc__ or "").strip()


def locate(key: str) -> tuple[Described, str | None]:
    """The setting that a dotted name means, and the entry of its table when the name goes on.

    Raises:
        ConfigError: There is no such setting; the hint names the nearest.
    """
    for setting in describe():
        if key == setting.key:
            return setting, None
        if setting.form is Form.TABLE and key.startswith(f"{setting.key}.") and len(key) > len(setting.key) + 1:
            return setting, key[len(setting.key) + 1 :]
    raise ConfigError(f"{key} is not a setting.", key=key, hint=nearest_hint(key))


def nearest_choice(value: str, choices: tuple[str, ...]) -> str:
    """Which of them somebody may have meant, as a hint begins; empty when none is near."""
    import difflib  # late: only a wrong value needs it

    near = difflib.get_close_matches(value, choices, n=1)
    return f"Nearest: {near[0]}. " if near else ""


def nearest_hint(key: str) -> str:
    """Which settings somebody may have meant by `key`."""
    import difflib  # late: only a wrong name needs it

    known = [setting.key for setting in describe()]
    sections = [] if "." in key else list({setting.section: None for setting in describe() if setting.section})
    near = difflib.get_close_matches(key, [*sections, *known], n=3, cutoff=0.6)
    if not near:
        names = {setting.name: setting.key for setting in describe()}
        near = [names[name] for name in difflib.get_close_matches(key.rpartition(".")[2], names, n=2, cutoff=0.7)]
    if key in sections and (inside := [name for name in known if name.startswith(f"{key}.")]):
        return f"It is a section; its settings: {', '.join(inside)}."
    nearest = f"Nearest: {', '.join(near)}. " if near else ""
    return f"{nearest}See `rota config list` for all of them."


def plain(value: float) -> str:
    """A number without a needless `.0`."""
    return str(int(value)) if float(value).is_integer() else str(value)


def render(value: object) -> str:
    """A setting's value as it is typed: `true`, `300`, `auto`, `["a", "b"]`, `{"5h": 0.9}`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain(value)
    if isinstance(value, str):
        return value
    import json  # late: most values are plain

    return json.dumps(thawed(value), ensure_ascii=False)


def get(settings: Settings, key: str) -> Any:
    """One setting's value, or one entry of a table.

    Raises:
        ConfigError: There is no such setting, or no such entry in its table.
    """
    found, entry = locate(key)
    value: Any = settings
    for part in found.key.split("."):
        value = getattr(value, part)
    if entry is None:
        return value
    if entry not in value:
        has = ", ".join(value) or "none"
        raise ConfigError(f"{found.key} has no entry {entry}.", key=key, hint=f"It has: {has}.")
    return value[entry]


def with_value(settings: Settings, key: str, value: Any) -> Settings:
    """The settings with one of them, by its dotted name, replaced."""
    section, _, name = key.rpartition(".")
    if not section:
        changed: Settings = replace(settings, **{name: value})
        return changed
    return with_value(settings, section, replace(getattr(settings, section), **{name: value}))


def _described(key: str, hint: Any, default: Any, metadata: Mapping[str, Any]) -> Described:
    rule: Rule = metadata["rule"]
    origin = get_origin(hint)
    if origin is tuple:
        return Described(key, Form.LIST, default, rule, entries=SIMPLE[get_args(hint)[0]])
    if origin is Mapping:
        inner = get_args(hint)[1]
        return Described(key, Form.TABLE, default, rule, entries=SIMPLE.get(inner, Form.LIST))
    return Described(key, SIMPLE[hint], default, rule)
