"""The debug log: what happens on the wire and in the pool, a readable line each, free of secrets and of prompts.

Off by default. Lines come from two places: the HTTP client's hooks say what was sent and answered, the journal's
events say why the pool went on as it did. Nothing that a person or a provider wrote in free text gets in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from rota.debuglines import Lines, answer_line, request_line
from rota.providers.redaction import redact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path
    from typing import IO

    import httpx

    from rota.debuglines import Line
    from rota.hub import Subscription
    from rota.journal import Journal
    from rota.paths import Paths
    from rota.settings import Settings

LOGGER = logging.getLogger("rota.debug")
"""Whoever writes debug lines writes here; without a handler of ours, nothing is written anywhere."""

LEVELS = {"error": logging.ERROR, "info": logging.INFO, "debug": logging.DEBUG}
LOCK_S = 2.0

_EMAIL = re.compile(r"[^\s@,;:<>\"'()\[\]{}=]+@[^\s@,;:<>\"'()\[\]{}=]+")
_LONG = re.compile(r"[A-Za-z0-9+=_~\-]{32,}")
"""No word of ours is so long, and every token, key and code is."""


def discreet(text: str) -> str:
    """The text on one line, with everything taken out that is or looks like a secret or an email."""
    text = _EMAIL.sub("***", redact(" ".join(text.split())))
    return _LONG.sub(lambda found: found[0][:8] + "***", text)


def write(line: Line) -> None:
    """Give a line to whoever listens."""
    LOGGER.log(LEVELS[line.level], "%s", discreet(f"{line.title}: {line.text}"), extra={"line": line})


class TextForm(logging.Formatter):
    """`[rota] 15:30:45 Request: POST /drivers/call model=gpt-5-nano stream=true messages=3`"""

    def format(self, record: logging.LogRecord) -> str:
        line: Line = record.__dict__["line"]
        at = datetime.fromtimestamp(record.created).astimezone()
        told = [f"{name}={_shown(value)}" for name, value in line.fields.items() if value is not None]
        return f"[rota] {at:%H:%M:%S} {' '.join([discreet(f'{line.title}: {line.text}'), *told])}"


class JsonForm(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: Line = record.__dict__["line"]
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {name: discreet(v) if isinstance(v, str) else v for name, v in line.fields.items() if v is not None}
        said = {"at": at, "level": line.level, "title": line.title, "text": discreet(line.text), **told}
        return json.dumps(said, ensure_ascii=False)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = discreet(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text else text


def hooks() -> dict[str, list[Callable[..., Awaitable[None]]]]:
    """Event hooks for the HTTP client: what is sent, and how it is answered."""

    async def sent(request: httpx.Request) -> None:
        request.extensions["rota.began"] = time.monotonic()
        body = getattr(request, "_content", None)  # absent when the body is a stream, which is not ours to read
        write(request_line(request.method, request.url.path, body))

    async def answered(response: httpx.Response) -> None:
        took_s = time.monotonic() - response.request.extensions.get("rota.began", time.monotonic())
        write(answer_line(response.status_code, response.reason_phrase, took_s))

    return {"request": [sent], "response": [answered]}


@dataclass(slots=True, eq=False)
class PrivateFile:
    """A 0600 file that begins anew when it is full, keeping a few full ones; safe for several processes.

    It is opened for each line: whoever renames it never takes it from under another process.
    """

    path: Path
    max_bytes: int
    keep: int
    _lock: FileLock = field(init=False)

    def __post_init__(self) -> None:
        self._lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_S, mode=0o600)

    def write(self, text: str) -> None:
        content = f"{text}\n".encode("utf-8", "replace")
        # What cannot be written must not stop what it is about: a full disk, a folder that went away.
        with contextlib.suppress(OSError, Timeout):
            if self._full(len(content)):
                self._begin_anew(len(content))
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, content)
            finally:
                os.close(descriptor)

    def _full(self, more: int) -> bool:
        try:
            return self.path.stat().st_size + more > self.max_bytes
        except FileNotFoundError:
            return False

    def _begin_anew(self, more: int) -> None:
        with self._lock:
            if not self._full(more):
                return  # another process just did
            for number in range(self.keep, 0, -1):
                older = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
                if older.exists():
                    os.replace(older, self.path.with_name(f"{self.path.name}.{number}"))


class _FileHandler(logging.Handler):
    def __init__(self, file: PrivateFile) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        self._file.write(self.format(record))


@contextlib.contextmanager
def _handling(handler: logging.Handler, settings: Settings) -> Iterator[None]:
    handler.setFormatter(JsonForm() if settings.log_format == "json" else TextForm())
    handler.setLevel(LEVELS[settings.log.level])
    LOGGER.addHandler(handler)
    before, LOGGER.propagate = LOGGER.propagate, False
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        if not LOGGER.handlers:
            LOGGER.setLevel(logging.NOTSET)
            LOGGER.propagate = before


def file_of(settings: Settings, paths: Paths) -> PrivateFile:
    """Where this home's debug lines go."""
    path = paths.debug_log
    if settings.log.folder:
        path = type(path)(settings.log.folder).expanduser() / path.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PrivateFile(path, settings.log.max_bytes, settings.log.keep_files)


@contextlib.asynccontextmanager
async def writing(journal: Journal, settings: Settings, paths: Paths) -> AsyncIterator[None]:
    """Write the debug file for as long as the context; what was said before its end gets in."""
    with _handling(_FileHandler(file_of(settings, paths)), settings):
        subscription = journal.subscribe()
        follower = asyncio.create_task(_follow(journal, subscription, settings.pool.retries), name="debug log")
        try:
            yield
        finally:
            subscription.close()
            await follower


async def _follow(journal: Journal, subscription: Subscription, retries: int) -> None:
    lines = Lines(lambda account_id: _label(journal, account_id), retries)
    async for batch in subscription:
        for event in batch.events:
            for line in lines.of(event):
                write(line)


def _label(journal: Journal, account_id: str) -> str:
    """The account's label, unless that is an email."""
    state = journal.snapshot.account(account_id)
    return state.account.label if state is not None and "@" not in state.account.label else account_id


@contextlib.contextmanager
def also_to(stream: IO[str], settings: Settings) -> Iterator[None]:
    """Show the lines on a stream too: a command's standard error."""
    with _handling(logging.StreamHandler(stream), settings):
        yield
