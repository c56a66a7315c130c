"""The border check: what a settings file says against what each setting allows. Imports pydantic, so it is late."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from rota.config.described import Form, describe, locate, nearest_choice, nearest_hint, plain
from rota.config.rules import is_clock_span, is_url
from rota.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from rota.config.described import Described
    from rota.settings import Rule

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
PYTHON = {Form.SWITCH: bool, Form.WHOLE: int, Form.NUMBER: float, Form.TEXT: str, Form.LIST: list[str]}


def check(document: Mapping[str, Any], path: Path | None) -> dict[str, Any]:
    """What a parsed settings file sets, by dotted name.

    Args:
        path: Where it stands; None for what somebody wants to put there.

    Raises:
        ConfigError: Something in it is no setting or not allowed; the first such is named.
    """
    try:
        read = _model().model_validate(document)
    except ValidationError as error:
        # Inputs may be what somebody pasted into the wrong place; `_said` decides what may be repeated.
        raise _explained(error.errors(include_url=False, include_context=False), path) from None
    given = read.model_dump(exclude_unset=True)
    flat: dict[str, Any] = {}
    for setting in describe():
        where = given.get(setting.section, {}) if setting.section else given
        if setting.name in where:
            flat[setting.key] = _clean(setting, where[setting.name])
    return flat


@functools.cache
def _model() -> type[BaseModel]:
    top: dict[str, Any] = {}
    sections: dict[str, dict[str, Any]] = {}
    for setting in describe():
        place = sections.setdefault(setting.section, {}) if setting.section else top
        place[setting.name] = (_annotation(setting), Field(default=None))
    for name, held in sections.items():
        top[name] = (create_model(name, __config__=STRICT, **held), Field(default=None))
    return create_model("config", __config__=STRICT, **top)


def _annotation(setting: Described) -> Any:
    if setting.form is Form.LIST:
        return list[_bounded(setting, setting.entries)]  # type: ignore[misc]  # built while running
    if setting.form is Form.TABLE:
        return dict[str, _bounded(setting, setting.entries)]  # type: ignore[misc]  # built while running
    return _bounded(setting, setting.form)


def _bounded(setting: Described, form: Form | None) -> Any:
    rule = setting.rule
    if rule.group:
        return Annotated[str, AfterValidator(_holds(functools.partial(_is_choice, rule)))]
    if rule.choices:
        return Literal[rule.choices]
    kind: Any = PYTHON[form or Form.TEXT]
    if rule.url:
        return Annotated[kind, AfterValidator(_holds(is_url))]
    if rule.clock_span:
        return Annotated[kind, AfterValidator(_holds(is_clock_span))]
    if form in (Form.WHOLE, Form.NUMBER):
        return Annotated[kind, Field(ge=rule.ge, le=rule.le)]
    return kind


def _is_choice(rule: Rule, text: str) -> bool:
    """Whether it is one of rota's own, or registered by a package; that it works is tried here."""
    if text in rule.choices:
        return True
    from rota import plugins  # late: it looks into every installed package

    return text in plugins.names(rule.group) and plugins.load(rule.group, text) is not None


def _holds(allowed: Any) -> Any:
    def validate(text: str) -> str:
        if not allowed(text):
            raise ValueError
        return text

    return validate


def _clean(setting: Described, value: Any) -> Any:
    """A trailing slash on an address would double the one of every path that follows."""
    if not setting.rule.url:
        return value
    return {name: url.rstrip("/") for name, url in value.items()} if isinstance(value, dict) else value.rstrip("/")


def _explained(errors: list[ErrorDetails], path: Path | None) -> ConfigError:
    error = errors[0]
    key = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    more = f" ({len(errors) - 1} more in this file.)" if len(errors) > 1 else ""
    where, verb, text = f"{path}: ", "is", "a text that is not allowed there"
    if path is None:
        where, verb, text = "", "cannot be", "what was given"
    if error["type"] == "extra_forbidden":
        return ConfigError(f"{where}{key} is not a setting.{more}", path=path, key=key, hint=nearest_hint(key))
    if error["type"] in ("model_type", "model_attributes_type"):
        hint = f"Write [{key}] on a line of its own and its settings below."
        return ConfigError(f"{where}{key} is a section, not a value.{more}", path=path, key=key, hint=hint)
    setting, _ = locate(key)
    said = _said(setting, error["input"], text)
    near = nearest_choice(given, setting.choices) if isinstance(given := error["input"], str) else ""
    hint = f"{near}Allowed: {setting.allowed}. {setting.help}"
    return ConfigError(f"{where}{key} {verb} {said}.{more}", path=path, key=key, hint=hint)


def _said(setting: Described, value: object, text: str) -> str:
    """The wrong value in words; free text becomes `text`, since it may be a secret in the wrong place."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return plain(value) if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, str):
        return f'"{value}"' if setting.rule.choices and len(value) <= 40 else text
    match value:
        case list():
            return "a list"
        case dict():
            return "a table"
    return "a value of another kind"
