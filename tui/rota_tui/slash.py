"""Commands typed into the chat's question line: `/attach PATH`, `/model NAME` … Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

COMMANDS = {
    "attach": "a file to go along with the next question",
    "model": "which model answers",
    "account": "which account answers",
    "think": "how much the model reasons: low, medium, high, off",
    "compare": "several models or accounts side by side",
    "again": "the last question once more",
    "copy": "the last code block",
    "save": "the conversation as Markdown",
    "clear": "a new conversation",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what was said after it."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Mistyped:
    """Something that looks like a command, and the nearest there is."""

    typed: str
    nearest: str


def read_command(text: str) -> Command | Mistyped | None:
    """The command in a line; None for an ordinary question, a path at its beginning included."""
    head, _, rest = text.strip().partition(" ")
    if not head.startswith("/") or "\n" in text.strip():
        return None
    name = head[1:].casefold()
    if name in COMMANDS:
        return Command(name, rest.strip())
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.75)
    return Mistyped(head, near[0]) if near else None
