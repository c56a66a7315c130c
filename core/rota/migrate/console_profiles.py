"""Profiles of the official Console sign-in (`ant auth login`), refused where the official client refuses them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rota.account import Kind
from rota.migrate.borders import AnyDict, B, Border, LooseText, LooseToken, Names, Seconds, Token, check, login
from rota.migrate.foreign import found_at, read_json, read_text
from rota.migrate.records import Found, Place, Problem, Reading, Record

if TYPE_CHECKING:
    from rota.migrate.places import Places

NAME = "console-profiles"
TITLE = "Anthropic Console profiles (ant auth login)"
API_URL = "https://api.anthropic.com"

_AGAIN = "Run `ant auth login` for that profile again."


class Authentication(Border):
    type: LooseText = None
    client_id: LooseText = None
    scope: Names = ()
    credentials_path: LooseText = None


class Config(Border):
    version: LooseText = None
    organization_id: LooseText = None
    workspace_id: LooseText = None
    base_url: LooseText = None
    authentication: AnyDict = {}  # noqa: RUF012 - pydantic copies it


class Credentials(Border):
    access_token: Token
    refresh_token: LooseToken = None
    expires_at: Seconds = None
    version: LooseText = None
    type: LooseText = None


def find(places: Places) -> tuple[Found, ...]:
    try:
        configs = sorted((places.anthropic / "configs").glob("*.json"))
    except OSError:
        configs = []
    return tuple(f for path in configs if (f := _found(path)) is not None)


def _found(path: Path) -> Found | None:
    """A profile's configuration may be read by all, as the official client writes it; only its tokens may not."""
    found = found_at(NAME, path, f'the Console profile "{path.stem}"')
    return None if found is None else Found(NAME, path, found.what)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    records: list[Record] = []
    problems: list[Problem] = []
    active = active_profile(places)
    for order, each in enumerate(found):
        if each.path is None:
            continue
        record = _profile(each.path, order, places, active=each.path.stem == active)
        (problems if isinstance(record, Problem) else records).append(record)  # type: ignore[arg-type]  # told apart
    return Reading(NAME, found, tuple(records), tuple(problems))


def active_profile(places: Places) -> str:
    """The profile that the official client would use."""
    if named := places.variable("ANTHROPIC_PROFILE"):
        return named
    pointer = read_text(places.anthropic / "active_config")
    return "default" if pointer is None or isinstance(pointer, Problem) else pointer.text.strip() or "default"


def _profile(path: Path, order: int, places: Places, *, active: bool) -> Record | Problem:
    name = str(path)
    if open_mode(path, 0o022):
        return Problem(name, "", "others on this machine can change it, so the official client refuses it", _AGAIN)
    config = _checked(Config, path)
    if isinstance(config, Problem):
        return config
    auth = check(Authentication, config.authentication, name, "authentication", todo=_AGAIN)
    if isinstance(auth, Problem):
        return auth
    if auth.type != "user_oauth":
        return Problem(name, "authentication.type", "it is not a person's sign-in", "rota leaves it alone.")
    if config.base_url is not None and config.base_url.rstrip("/") != API_URL:
        return Problem(name, "base_url", "it is for another address than Anthropic's own", "rota leaves it alone.")
    tokens = tokens_file(path, auth.credentials_path, places)
    if (why := refusal(tokens)) is not None:
        return Problem(str(tokens), "", f"{why}, so the official client refuses it", _AGAIN)
    held = _checked(Credentials, tokens)
    if isinstance(held, Problem):
        return held
    own = auth.client_id is not None and held.refresh_token is not None
    return Record(
        provider="anthropic",
        credential=login(
            held.access_token,
            held.refresh_token if own else None,
            held.expires_at,
            kind=Kind.CONSOLE_PROFILE,
            scopes=auth.scope,
            client_id=auth.client_id,
        ),
        # Without a client id of its own, something else renews the profile: it is read again, never renewed.
        place=Place(NAME, tokens, path.stem, owner="ant", shared=own),
        label=path.stem,
        order=order,
        active=active,
    )


def _checked(model: type[B], path: Path) -> B | Problem:
    """One of the two files of a profile, checked, or what is wrong with it."""
    answer = read_json(path)
    if answer is None:
        return Problem(str(path), "", "it is not there", _AGAIN)
    if isinstance(answer, Problem):
        return answer
    entry = check(model, answer[1], str(path), "", todo=_AGAIN)
    version = getattr(entry, "version", None)
    if version not in (None, "1.0"):
        return Problem(str(path), "version", "a newer official client wrote it", "A newer rota may know it.")
    return entry


def tokens_file(config: Path, named: str | None, places: Places) -> Path:
    """Where a profile's tokens are."""
    if named is None:
        return places.anthropic / "credentials" / config.name
    path = places.home / named.lstrip("~/\\") if named.startswith("~") else Path(named)
    return path if path.is_absolute() else places.anthropic / path


def refusal(path: Path) -> str | None:
    """Why the official client would not read this file of tokens."""
    if path.is_symlink():
        return "it is a link"
    return "others on this machine can read it" if open_mode(path, 0o077) else None


def open_mode(path: Path, bits: int) -> bool:
    """Whether a file has one of these permission bits; never so on Windows, which has none."""
    try:
        return os.name != "nt" and bool(stat.S_IMODE(path.stat().st_mode) & bits)
    except OSError:
        return False
