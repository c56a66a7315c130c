"""`puter.json` of the plugin opencode-puter-auth: what becomes of each option in rota's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rota.config.described import Form, locate, plain, render
from rota.config.rules import is_url
from rota.migrate.borders import check_shape
from rota.migrate.foreign import found_at, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Fate, Found, Problem, Reading, SettingChange

if TYPE_CHECKING:
    from pathlib import Path

    from rota.config.described import Described
    from rota.migrate.places import Places

NAME = "puter.json"
TITLE = "settings of opencode-puter-auth"
FILE = "puter.json"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of `puter.json` and what becomes of it."""

    name: str
    why: str
    """What it is in rota, or why it is no longer needed; one sentence for people."""
    settings: tuple[str, ...] = ()
    """rota's dotted names; none when it is no longer needed."""
    millis: bool = False
    """Whether the option counts milliseconds and the setting seconds."""
    words: tuple[tuple[object, str | None], ...] = ()
    """Values that are said differently in rota; None needs nothing to be set."""

    @property
    def fate(self) -> Fate:
        if not self.settings:
            return Fate.NEEDLESS
        return Fate.CARRIED if self.settings == (self.name,) else Fate.RENAMED


MAPPING = (
    Option("log_enabled", "The debug log is on when `debug` is; what happened is always in `rota events`."),
    Option("quiet_mode", "Only errors go to the debug log.", ("log.level",), words=((True, "error"), (False, None))),
    Option("debug", "The same switch.", ("debug",)),
    Option("log_dir", "Where the debug log is written.", ("log.folder",)),
    Option("auto_update", "rota is updated by what installed it (uv, pipx, pip)."),
    Option("api_base_url", "Where Puter is asked.", ("puter.api_url",)),
    Option("api_timeout_ms", "How long a whole answer may take.", ("timeouts.answer_s",), millis=True),
    Option("auto_create_temp_user", "rota never makes accounts; sign in once with `rota login puter`."),
    Option("max_retries", "How often an overloaded account is asked again.", ("pool.retries",)),
    Option("retry_delay_ms", "The wait before the first retry.", ("pool.retry_base_s",), millis=True),
    Option("stream_buffer_size", "Answers are passed on as they come; nothing is collected first."),
    Option("cache_ttl_ms", "How long the list of models stays fresh.", ("catalogue.cache_ttl_s",), millis=True),
    Option("cache_enabled", "rota keeps no answers: they would hold what you asked and got, in clear."),
    Option("cache_max_entries", "rota keeps no answers."),
    Option("cache_directory", "rota keeps no answers."),
    Option("metrics_enabled", "Figures per model come from the log; nothing further is kept to switch off."),
    Option("metrics_max_samples", "How many requests the figures are taken from.", ("stats.max_samples",)),
    Option("metrics_file", "Figures come from rota's own log; there is no further file."),
    Option("fallback_enabled", "Whether another model is tried.", ("pool.fallback",)),
    Option("fallback_models", "The models tried, in this order.", ("pool.fallback_models.puter",)),
    Option("fallback_cooldown_ms", "How long a limited model is held.", ("pool.model_cooldown_s",), millis=True),
    Option("account_rotation_enabled", "Whether another account is tried.", ("pool.rotation",)),
    Option("account_rotation_strategy", "Which account is next.", ("pool.strategy",)),
    Option(
        "account_rotation_cooldown_ms",
        "How long a limited account is held when the provider gives no time.",
        ("pool.cooldown_base_s",),
        millis=True,
    ),
)
"""Every option that opencode-puter-auth 1.1.2 knows (protocols/puter.md 8.2)."""


def find(places: Places) -> tuple[Found, ...]:
    paths = distinct(places.opencode_config / FILE, places.opencode_fixed_config / FILE)
    files = [found_at(NAME, path, "settings of opencode-puter-auth") for path in paths]
    # There is no secret in it, so it may be as open as the plugin left it.
    return tuple(Found(NAME, each.path, each.what) for each in files if each is not None)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    changes: list[SettingChange] = []
    problems: list[Problem] = []
    for each in found:
        answer = read_json(each.path) if each.path is not None else None
        if isinstance(answer, Problem):
            problems.append(answer)
        elif answer is not None and each.path is not None:
            if (wrong := check_shape(answer[1], each.where, dict, "an object of options")) is not None:
                problems.append(wrong)
                continue
            _options(answer[1], each.path, places, changes, problems)
            break  # the plugin reads one of them
    return Reading(NAME, found, problems=tuple(problems), settings=tuple(changes))


def _options(
    document: dict[str, Any], path: Path, places: Places, changes: list[SettingChange], problems: list[Problem]
) -> None:
    known = {option.name: option for option in MAPPING}
    for name, value in document.items():
        option = known.get(name)
        if option is None:
            if not name.startswith("$"):
                problems.append(Problem(str(path), name[:60], "it is no option of the plugin", "Nothing is done."))
            continue
        if not option.settings:
            changes.append(SettingChange(name, _shown(value), Fate.NEEDLESS, option.why))
        for setting in option.settings:
            change = _carried(option, setting, value, str(path), places)
            (problems if isinstance(change, Problem) else changes).append(change)  # type: ignore[arg-type]  # told apart


def _carried(option: Option, setting: str, value: Any, path: str, places: Places) -> SettingChange | Problem:
    for said, meant in option.words:
        if value is said:
            return SettingChange(option.name, _shown(value), option.fate, option.why, setting, meant)
    described, entry = locate(setting)
    form = described.form if entry is None else described.entries
    text, why = _converted(option, described, form, value, places)
    if text is None:
        return Problem(path, option.name, why, f"rota keeps its own: `rota config get {setting}`.")
    return SettingChange(option.name, _shown(value), option.fate, f"{option.why}{why}", setting, text)


def _converted(
    option: Option, described: Described, form: Form | None, value: Any, places: Places
) -> tuple[str | None, str]:
    """The value as `config set` takes it, with a remark; or None with the reason."""
    rule = described.rule
    match form:
        case Form.SWITCH if isinstance(value, bool):
            return render(value), ""
        case Form.WHOLE | Form.NUMBER if isinstance(value, int | float) and not isinstance(value, bool):
            number = value / 1000 if option.millis else value
            low, high = rule.ge if rule.ge is not None else number, rule.le if rule.le is not None else number
            bounded = min(max(number, low), high)
            remark = "" if bounded == number else f" {plain(number)} is outside {plain(low)} to {plain(high)}."
            return render(int(bounded) if form is Form.WHOLE else float(bounded)), remark
        case Form.TEXT if isinstance(value, str):
            if rule.url:
                return (value.rstrip("/"), "") if is_url(value) else (None, "it is no address to send secrets to")
            if rule.choices and value not in rule.choices:
                return None, f"it is none of {', '.join(rule.choices)}"
            return (str(places.home / value[2:]) if value.startswith("~/") else value), ""
        case Form.LIST if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return render(tuple(dict.fromkeys(value))), ""
    return None, f"it is not {form}"


def _shown(value: Any) -> str:
    """An option's value for people, short; a file may hold anything."""
    if isinstance(value, list):
        return f"{len(value)} models" if len(value) != 1 else "1 model"
    if isinstance(value, bool | int | float):
        return render(value)
    return str(value)[:80] if isinstance(value, str) else "something else"
