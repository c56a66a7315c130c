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
    """Something that looks like a command."""

    typed: str
    nearest: str
    """The command that is most like it; empty when none is."""


def read_command(text: str) -> Command | Mistyped | None:
    """The command in a line; None for an ordinary question, also one that begins with a path or with a space."""
    head, _, rest = text.rstrip().partition(" ")
    name = head[1:].casefold()
    if not head.startswith("/") or "/" in name or "\n" in text.rstrip():
        return None
    if name in COMMANDS:
        return Command(name, rest.strip())
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.75)
    return Mistyped(head, near[0] if near else "")


def correction(slip: Mistyped) -> str:
    """What to say of a slip: the nearest command, or all of them."""
    meant = f"did you mean /{slip.nearest}?" if slip.nearest else f"there is {', '.join(f'/{c}' for c in COMMANDS)}."
    return f"There is no {slip.typed}; {meant} A space before it sends it as it is."
