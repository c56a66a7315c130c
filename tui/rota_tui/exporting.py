"""Events written to a file: JSON lines or words, private to their owner, never over another file unasked."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rota_tui.pieces import plain
from rota_tui.telling import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from rota.events import Event

MOST = 50_000
"""Events written at once, the newest; the log itself holds the rest."""


def suggested(at: float, tz: tzinfo | None) -> str:
    """A path to begin with: in the folder where the app was started, named after the time."""
    then = datetime.fromtimestamp(at, tz)
    return str(Path.cwd() / f"rota-activity-{then:%Y-%m-%d-%H%M%S}.jsonl")


def target(typed: str) -> Path:
    """The file that a person means."""
    return Path(typed.strip()).expanduser()


def wrong_with(typed: str) -> str:
    """Why nothing can be written there, in words; empty when it can be tried."""
    path = target(typed)
    if path.is_dir():
        return f"{path} is a folder: add a file's name."
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    if not os.access(path.parent, os.W_OK):
        return f"You may not write in {path.parent}."
    return ""


def as_document(events: Iterable[Event], path: Path, label: Callable[[str], str], tz: tzinfo | None) -> str:
    """The events, oldest first: one JSON object a line for `.jsonl`, else one sentence a line."""
    if path.suffix.casefold() == ".jsonl":
        return "".join(f"{_object(event, label, tz)}\n" for event in events)
    told = ((event.at, sentence(event, label, tz)) for event in events)
    return "".join(
        f"{datetime.fromtimestamp(at, tz):%Y-%m-%d %H:%M:%S}  {plain(said.line)}\n" for at, said in told if said
    )


def _object(event: Event, label: Callable[[str], str], tz: tzinfo | None) -> str:
    """As `rota events --json` prints it."""
    from rota.documents import event_document
    from rota_tui.feed import about

    said, account_id = sentence(event, label, tz), about(event)
    document = event_document(
        event,
        label(account_id) if account_id is not None else None,
        plain(said.line) if said is not None else None,
    )
    return json.dumps(document, ensure_ascii=False)


def write(path: Path, text: str, *, replace: bool) -> None:
    """Write a file of mode 0600. Blocks: call it in a thread.

    Raises:
        FileExistsError: there is one, and `replace` is not said.
        OSError: it cannot be written there.
    """
    content = text.encode("utf-8", errors="replace")
    if replace:
        from rota.files import write_private

        write_private(path, content)
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
