"""A conversation as a Markdown file, with who answered what; an existing file is never overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rota_tui.formatting import stamp
from rota_tui.pieces import UNICODE, Locale, clean, plain
from rota_tui.served_line import served_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from rota_tui.conversation import Question
    from rota_tui.served import Figures


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of the conversation, for the file."""

    title: str
    """Of a side of a comparison; empty for an ordinary answer."""
    text: str
    reasoning: str
    calls: tuple[tuple[str, str], ...]
    served: Figures | None
    note: str
    """Why there is no whole answer; empty when there is one."""


def as_markdown(turns: Iterable[tuple[Question, Iterable[Told]]], at: float, tz: tzinfo | None) -> str:
    """The conversation: questions as headings' texts, answers as they came, figures in small print."""
    parts = [f"# A chat in rota, {_day(at, tz):%d %B %Y} {stamp(at, tz)}"]
    for question, answers in turns:
        parts.append("## Question")
        parts.append(question.text)
        parts += [f"*{attachment.told}*" for attachment in question.attached]
        for answer in answers:
            parts.append(f"## Answer: {clean(answer.title)}" if answer.title else "## Answer")
            if answer.reasoning:
                parts.append("\n".join(f"> {line}".rstrip() for line in answer.reasoning.strip().splitlines()))
            parts.append(answer.text.strip())
            parts += [f"`{clean(name)}` {_code(arguments)}" for name, arguments in answer.calls]
            if answer.served is not None:
                lines = served_lines(answer.served, 10_000, Locale(tz, UNICODE))
                parts.append("*" + " ".join(plain(line) for line in lines).removeprefix(f"{UNICODE.dot} ") + "*")
            if answer.note:
                parts.append(f"*{clean(answer.note)}*")
    return "\n\n".join(part for part in parts if part) + "\n"


def save(text: str, where: str | Path, at: float, tz: tzinfo | None) -> Path:
    """Write a new file. Blocks: call it in a thread.

    Args:
        where: its name, or a folder, in which it is named after the time; empty is the working directory.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: it cannot be written there.
    """
    place = Path(where).expanduser() if where else Path.cwd()
    if not place.is_dir():
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
        return place
    stem = f"rota-chat-{_day(at, tz):%Y-%m-%d-%H%M%S}"
    number = 1
    while True:
        path = place / (f"{stem}.md" if number == 1 else f"{stem}-{number}.md")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            number += 1
        else:
            return path


def _code(text: str) -> str:
    return f"`{clean(text)}`" if "`" not in text else clean(text)


def _day(at: float, tz: tzinfo | None) -> datetime:
    from datetime import datetime

    return datetime.fromtimestamp(at, tz)
