"""JSON with comments as nodes that know where they stand in the text.

Comments, trailing commas and a byte-order mark are understood, as the tools that read such files understand them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root, as `("provider", "rota")`."""

DEPTH_LIMIT = 100
"""Nesting beyond which a document is refused: nobody writes one by hand."""

SPACE = " \t\r\n"
LINE_ENDS = "\r\n"
_SCALAR_STARTS = '"-0123456789tfn'


class JsoncError(ValueError):
    """The text is not JSON with comments, or the edit would not be safe; `line` counts from 1, 0 is nowhere."""

    def __init__(self, message: str, text: str = "", at: int | None = None) -> None:
        self.line = 0 if at is None else text.count("\n", 0, at) + 1
        super().__init__(message if at is None else f"{message} (line {self.line})")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: `text[start:end]`."""

    start: int
    end: int
    value: Any = None
    """Of a scalar."""
    is_object: bool = False
    members: tuple[Member, ...] | None = None
    """Of an object or array; None for a scalar."""
    tail: int = 0
    """Where the white space before the closing bracket begins."""
    after_line_comment: bool = False
    """Whether that white space ends a line comment."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of an object or an element of an array."""

    key: str | int
    start: int
    """Of the key, or of the element."""
    lead: int
    """Where the white space before `start` begins."""
    after_line_comment: bool
    """Whether that white space ends a line comment."""
    node: Node
    comma: int | None
    """Where the comma after it stands."""

    @property
    def end(self) -> int:
        return self.node.end if self.comma is None else self.comma + 1


def parse(text: str) -> Node:
    """The document with positions.

    Raises:
        JsoncError: it is empty, breaks off, or is not JSON with comments.
    """
    parser = _Parser(text)
    at, _, _ = parser.trivia(1 if text.startswith("\ufeff") else 0)
    if at == len(text):
        raise JsoncError("The text is empty")
    root = parser.value(at, 0)
    rest, _, _ = parser.trivia(root.end)
    if rest != len(text):
        raise JsoncError("There is something after the end", text, rest)
    return root


def is_blank(text: str) -> bool:
    """Whether there is no value in it, only white space and comments. Raises as `parse` does, if one does not end."""
    at, _, _ = _Parser(text).trivia(1 if text.startswith("\ufeff") else 0)
    return at == len(text)


def load(text: str) -> Any:
    """The document as plain values."""
    return plain(parse(text))


def plain(node: Node) -> Any:
    """A node as plain values; of a key that is there twice the last counts, as in JavaScript."""
    if node.members is None:
        return node.value
    if node.is_object:
        return {m.key: plain(m.node) for m in node.members}
    return [plain(m.node) for m in node.members]


def find(root: Node, path: KeyPath) -> Node | None:
    """The node at `path`; None when something on the way is missing.

    Raises:
        JsoncError: a key on the way is there twice, so that it is unclear which one counts.
    """
    node = root
    for key in path:
        member = child(node, key)
        if member is None:
            return None
        node = member.node
    return node


def child(node: Node, key: str | int) -> Member | None:
    """The member of a node by its key or index; raises as `find` does."""
    found = [m for m in node.members or () if m.key == key and isinstance(key, str) == node.is_object]
    if len(found) > 1:
        raise JsoncError(f'"{key}" is there {len(found)} times')
    return found[0] if found else None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.scalar = json.JSONDecoder().raw_decode

    def trivia(self, at: int) -> tuple[int, int, bool]:
        """Skip white space and comments: their end, where the white space at it begins, whether that ends a `//`."""
        text, lead, line = self.text, at, False
        while at < len(text):
            if text[at] in SPACE:
                at += 1
            elif text.startswith("//", at):
                while at < len(text) and text[at] not in LINE_ENDS:
                    at += 1
                lead, line = at, True
            elif text.startswith("/*", at):
                close = text.find("*/", at + 2)
                if close < 0:
                    raise JsoncError("A comment is not closed", text, at)
                at = lead = close + 2
                line = False
            else:
                break
        return at, lead, line

    def value(self, at: int, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise JsoncError(f"It is nested more than {DEPTH_LIMIT} deep", self.text, at)
        first = self.text[at : at + 1]
        if first in ("{", "["):
            return self.box(at, depth, is_object=first == "{")
        if not first:
            raise JsoncError("The text breaks off", self.text, at)
        if first not in _SCALAR_STARTS:
            raise JsoncError("A value was expected", self.text, at)
        try:
            value, end = self.scalar(self.text, at)
        except ValueError as error:  # also an integer of thousands of digits
            raise JsoncError("A value is malformed or breaks off", self.text, at) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise JsoncError("A number is not finite", self.text, at)
        return Node(at, end, value)

    def box(self, start: int, depth: int, *, is_object: bool) -> Node:
        close = "}" if is_object else "]"
        members: list[Member] = []
        after = start + 1
        while True:
            at, lead, line = self.trivia(after)
            if at == len(self.text):
                raise JsoncError("The text breaks off", self.text, at)
            if self.text[at] == close:
                return Node(
                    start,
                    at + 1,
                    is_object=is_object,
                    members=tuple(members),
                    tail=lead,
                    after_line_comment=line,
                )
            if members and members[-1].comma is None:
                raise JsoncError("A comma is missing", self.text, at)
            members.append(self.member(at, lead, line, depth, None if is_object else len(members)))
            after = members[-1].end

    def member(self, at: int, lead: int, line: bool, depth: int, index: int | None) -> Member:
        key: str | int
        if index is None:
            if self.text[at] != '"':
                raise JsoncError("A key in quotes was expected", self.text, at)
            name = self.value(at, depth)
            key = str(name.value)
            colon, _, _ = self.trivia(name.end)
            if self.text[colon : colon + 1] != ":":
                raise JsoncError("A colon was expected", self.text, colon)
            begin, _, _ = self.trivia(colon + 1)
        else:
            key, begin = index, at
        node = self.value(begin, depth + 1)
        comma, _, _ = self.trivia(node.end)
        return Member(key, at, lead, line, node, comma if self.text[comma : comma + 1] == "," else None)
