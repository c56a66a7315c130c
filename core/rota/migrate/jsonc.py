"""Edit JSON with comments in place: one key is put or removed, every other byte stays as it was.

What `put` inserted, `remove` takes out again byte for byte: keep `missing()` from before to know what to remove.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rota.migrate.jsonc_nodes import (
    LINE_ENDS,
    SPACE,
    JsoncError,
    KeyPath,
    Member,
    Node,
    child,
    find,
    is_blank,
    load,
    parse,
    plain,
)

__all__ = [
    "JsoncError",
    "KeyPath",
    "Node",
    "Raw",
    "begun",
    "find",
    "has_comments",
    "load",
    "missing",
    "parse",
    "plain",
    "put",
    "raw",
    "remove",
]


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as text that is already JSON with comments: `put` inserts it as it is."""

    text: str


def begun(text: str) -> str:
    """The text with something to put into: one that is empty or all comments gets an object behind them.

    Raises:
        JsoncError: a comment does not end.
    """
    if not is_blank(text):
        return text
    eol = "\r\n" if "\r\n" in text else "\n"
    return text + ("" if text.endswith(("\n", "\ufeff")) or not text else eol) + "{}" + eol


def missing(text: str, path: KeyPath) -> KeyPath | None:
    """The shortest part of `path` that is not there: what to remove to take a `put` back. None when all is there."""
    root = parse(text)
    for length in range(1, len(path) + 1):
        if find(root, path[:length]) is None:
            return path[:length]
    return None


def put(text: str, path: KeyPath, value: Any) -> str:
    """The text with `value` at `path`: replaced where it stands, or inserted last with the parents it needs.

    Raises:
        JsoncError: the text is not JSON with comments, or a parent is neither object nor array.
    """
    root = parse(text)
    node = root
    for depth, key in enumerate(path):
        member = child(node, key)
        if member is None:
            _check_parent(text, node, path[: depth + 1])
            for inner in reversed(path[depth + 1 :]):
                value = _wrapped(inner, value)
            return _insert(text, root, node, key, value)
        node = member.node
    layout = _Layout(text, root)
    return text[: node.start] + layout.render(value, layout.indent_at(node.start)) + text[node.end :]


def remove(text: str, path: KeyPath) -> str:
    """The text without what stands at `path`; unchanged when it is not there."""
    root = parse(text)
    box = find(root, path[:-1])
    member = child(box, path[-1]) if box is not None else None
    if box is None or box.members is None or member is None:
        return text
    place = box.members.index(member)
    if place + 1 < len(box.members):
        return _remove_leading(text, member, box.members[place + 1])
    if place == 0:
        return _remove_only(text, root, box, member)
    return _remove_last(text, box.members[place - 1], member)


def raw(text: str, path: KeyPath) -> Raw | None:
    """What stands at `path`, as text with its comments."""
    node = find(parse(text), path)
    return None if node is None else Raw(text[node.start : node.end])


def has_comments(text: str, node: Node) -> bool:
    """Whether an object or array holds comments of its own (not those inside its members)."""
    pieces, at = [], node.start + 1
    for member in node.members or ():
        pieces.append(text[at : member.start])
        at = member.end
    pieces.append(text[at : node.end - 1])
    return any("/" in piece for piece in pieces)


# --- editing ----------------------------------------------------------------------------------------------


class _Layout:
    """How the document is laid out: line ends and indentation."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self.unit = "  "
        for member in root.members or ():
            indent = self._after_line_end(member)
            if indent:
                self.unit = indent
                break

    def _after_line_end(self, member: Member) -> str | None:
        """The white space between the last line end and a member; None when it does not begin a line."""
        lead = self.text[member.lead : member.start]
        cut = max(lead.rfind("\n"), lead.rfind("\r"))
        return None if cut < 0 else lead[cut + 1 :]

    def indent_at(self, at: int) -> str:
        """The indentation of the line that `at` is on."""
        begin = max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1
        line = self.text[begin:at].removeprefix("\ufeff")
        return line[: len(line) - len(line.lstrip(" \t"))]

    def gap(self, box: Node) -> str:
        """What goes between the last member of `box` and one more."""
        members = box.members or ()
        if members:
            indent = self._after_line_end(members[-1])
            if indent is not None:
                return self.eol + indent
            if not box.after_line_comment:
                last = members[-1]
                return self.text[last.lead : last.start] if len(members) > 1 else " "
        return self.eol + self.indent_at(box.start) + self.unit

    def render(self, value: Any, indent: str | None) -> str:
        """`value` as text; on one line when `indent` is None."""
        if isinstance(value, Raw):
            return value.text
        if indent is None or not value:
            return json.dumps(value, ensure_ascii=False)
        return json.dumps(value, ensure_ascii=False, indent=self.unit).replace("\n", self.eol + indent)


def _insert(text: str, root: Node, box: Node, key: str | int, value: Any) -> str:
    layout = _Layout(text, root)
    members = box.members or ()
    short = not box.is_object and not members and not isinstance(value, dict | list | Raw)
    if short and not box.after_line_comment:
        gap = close = ""
    else:
        gap = layout.gap(box)
        close = "" if members else layout.eol + layout.indent_at(box.start)
    name = "" if isinstance(key, int) else json.dumps(key, ensure_ascii=False) + ": "
    lines = any(end in gap for end in LINE_ENDS)
    piece = gap + name + layout.render(value, gap.lstrip(LINE_ENDS) if lines else None)
    if members and members[-1].comma is not None:
        return text[: box.tail] + piece + "," + text[box.tail :]
    if members:
        last = members[-1].node.end
        return text[:last] + "," + text[last : box.tail] + piece + text[box.tail :]
    return text[: box.tail] + piece + close + text[box.tail :]


def _remove_leading(text: str, member: Member, following: Member) -> str:
    """Remove a member that others follow."""
    between = text[member.end : following.start]
    if not any(c in LINE_ENDS for c in text[member.lead : member.start]) and not between.strip(SPACE):
        return text[: member.start] + text[following.start :]
    return text[: _safe_start(text, member, member.end)] + text[member.end :]


def _remove_last(text: str, previous: Member, member: Member) -> str:
    """Remove the last member; the comma before it goes unless trailing commas are this file's way."""
    start = _safe_start(text, member, member.end)
    if member.comma is not None or previous.comma is None:
        return text[:start] + text[member.end :]
    return text[: previous.comma] + text[previous.comma + 1 : start] + text[member.end :]


def _remove_only(text: str, root: Node, box: Node, member: Member) -> str:
    """Remove the only member, and the line of its own that it stood on."""
    end = member.end
    # Not the document's line end: one that came elsewhere since then must not keep ours in place.
    eol = "\r\n" if text.startswith("\r\n", end) else "\n"
    close = eol + _Layout(text, root).indent_at(box.start)
    on_own_line = any(c in LINE_ENDS for c in text[member.lead : member.start])
    if on_own_line and text.startswith(close, end) and end + len(close) < box.end:
        rest = text[end + len(close) : box.end]
        if not member.after_line_comment or rest[0] in LINE_ENDS:
            end += len(close)
    return text[: _safe_start(text, member, end)] + text[end:]


def _safe_start(text: str, member: Member, end: int) -> int:
    """Where a removal may begin: the line end of a line comment stays when nothing else would end it."""
    if member.after_line_comment and text[end : end + 1] not in tuple(LINE_ENDS):
        return member.lead + (2 if text.startswith("\r\n", member.lead) else 1)
    return member.lead


def _check_parent(text: str, node: Node, path: KeyPath) -> None:
    key = path[-1]
    if node.members is None or isinstance(key, str) != node.is_object:
        place = ".".join(str(k) for k in path[:-1]) or "the document"
        wanted = "an object" if isinstance(key, str) else "a list"
        raise JsoncError(f"{place} is not {wanted}", text, node.start)
    if isinstance(key, int) and key != len(node.members):
        raise JsoncError(f"There is no place {key} in a list of {len(node.members)}", text, node.start)


def _wrapped(key: str | int, value: Any) -> Any:
    if isinstance(value, Raw):
        name = "" if isinstance(key, int) else json.dumps(key, ensure_ascii=False) + ": "
        return Raw(f"[{value.text}]" if isinstance(key, int) else f"{{{name}{value.text}}}")
    return [value] if isinstance(key, int) else {key: value}
