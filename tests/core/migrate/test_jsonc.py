"""Editing JSON with comments in place: only what is said changes, and a put taken back leaves the very same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.migrate import jsonc

if TYPE_CHECKING:
    from rota.migrate.jsonc_nodes import Node

# --- documents as people write them ------------------------------------------------------------------------

SPACES = st.sampled_from(["", " ", "\n", "\n  ", "\n\n\t", "  \n", " \n    "])
COMMENTS = st.sampled_from(["", "// note  \n", "/* a, {b} */", "/* two\nlines */ ", '// "x": 1,\n', "//\n/**/ "])
TRIVIA = st.tuples(SPACES, COMMENTS, SPACES).map("".join)
KEYS = st.sampled_from(["a", "b", "name", "ключ", "with space", 'quo"te', "//", "plugin"])
SCALARS = st.sampled_from(
    ["1", "-2.5e3", "true", "null", '"text"', '"// no comment"', '"\\u00e9\\n"', '""', "[]", "{}"]
)


@st.composite
def boxes(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    is_object: bool = draw(st.booleans())
    opening, closing = ("{", "}") if is_object else ("[", "]")
    values = draw(st.lists(children, max_size=4))
    keys: list[str] = draw(st.lists(KEYS, min_size=len(values), max_size=len(values), unique=True))
    pieces = []
    for key, value in zip(keys, values, strict=True):
        name = json.dumps(key, ensure_ascii=False) + draw(TRIVIA) + ":" + draw(TRIVIA) if is_object else ""
        pieces.append(draw(TRIVIA) + name + value + draw(TRIVIA))
    trailing = draw(st.sampled_from(["", ","])) if values else ""
    return opening + ",".join(pieces) + trailing + draw(TRIVIA) + closing


DOCUMENTS = st.recursive(SCALARS, boxes, max_leaves=12)
ROOTS = st.tuples(st.sampled_from(["", "\ufeff"]), TRIVIA, boxes(DOCUMENTS), TRIVIA).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "// y", "é\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def paths_into(node: Node, *, to_add: bool) -> list[jsonc.KeyPath]:
    """Every path of the document, or every path at which something new could be put."""
    found: list[jsonc.KeyPath] = []
    if node.members is not None:
        if to_add:
            found.append(("new one",) if node.is_object else (len(node.members),))
            if node.is_object:
                found.append(("new one", "deeper", "still"))
        for member in node.members:
            if not to_add:
                found.append((member.key,))
            found.extend((member.key, *rest) for rest in paths_into(member.node, to_add=to_add))
    return found


@settings(max_examples=150, deadline=None)
@given(document=ROOTS, crlf=st.booleans(), value=VALUES, data=st.data())
def test_what_put_inserted_remove_takes_out_byte_for_byte(
    document: str, crlf: bool, value: Any, data: st.DataObject
) -> None:
    text = document.replace("\n", "\r\n") if crlf else document
    path = data.draw(st.sampled_from(paths_into(jsonc.parse(text), to_add=True)))
    before = jsonc.load(text)
    gone = jsonc.missing(text, path)
    assert gone is not None

    longer = jsonc.put(text, path, value)

    assert jsonc.plain(_at(jsonc.parse(longer), path)) == value
    assert jsonc.remove(longer, gone) == text
    assert jsonc.load(text) == before


@settings(max_examples=150, deadline=None)
@given(document=ROOTS, value=VALUES, data=st.data())
def test_replacing_a_value_and_putting_its_text_back_gives_the_original(
    document: str, value: Any, data: st.DataObject
) -> None:
    paths = paths_into(jsonc.parse(document), to_add=False)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    was = jsonc.raw(document, path)

    changed = jsonc.put(document, path, value)

    assert jsonc.plain(_at(jsonc.parse(changed), path)) == value
    assert jsonc.put(changed, path, was) == document


@settings(max_examples=150, deadline=None)
@given(document=ROOTS, data=st.data())
def test_removing_leaves_valid_text_with_everything_else_in_it(document: str, data: st.DataObject) -> None:
    paths = paths_into(jsonc.parse(document), to_add=False)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    expected = jsonc.load(document)
    box = expected
    for key in path[:-1]:
        box = box[key]
    del box[path[-1]]

    shorter = jsonc.remove(document, path)

    assert jsonc.load(shorter) == expected


def _at(root: Node, path: jsonc.KeyPath) -> Node:
    node = jsonc.find(root, path)
    assert node is not None
    return node


# --- how edits look ----------------------------------------------------------------------------------------

LOOKS = [
    # an empty object opens up
    ("{}", ("a",), 1, '{\n  "a": 1\n}'),
    # two spaces, as the file has them
    ('{\n  "a": 1\n}\n', ("b",), 2, '{\n  "a": 1,\n  "b": 2\n}\n'),
    # tabs, as the file has them
    ('{\n\t"a": {}\n}\n', ("a", "b"), 2, '{\n\t"a": {\n\t\t"b": 2\n\t}\n}\n'),
    # a trailing comma is this file's way
    ('{\n  "a": 1,\n}', ("b",), 2, '{\n  "a": 1,\n  "b": 2,\n}'),
    # the comment stays with the line it is on
    ('{\n  "a": 1 // one\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2\n}'),
    # one line stays one line
    ('{"a": 1}', ("b",), [1, 2], '{"a": 1, "b": [1, 2]}'),
    ('{"a":1,"b":2}', ("c",), 3, '{"a":1,"b":2,"c": 3}'),
    # parents are made on the way
    ('{\n  "a": 1\n}', ("p", "q"), {"r": 1}, '{\n  "a": 1,\n  "p": {\n    "q": {\n      "r": 1\n    }\n  }\n}'),
    # a list takes one more
    ('{"plugin": ["x"]}', ("plugin", 1), "y", '{"plugin": ["x", "y"]}'),
    ('{"plugin": []}', ("plugin", 0), "y", '{"plugin": ["y"]}'),
    # Windows line ends stay
    ('{\r\n  "a": 1\r\n}', ("b",), {"c": 1}, '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 1\r\n  }\r\n}'),
    # a value is replaced where it stands
    ('{ "a": /* why */ 1, "b": 2 }', ("a",), "x", '{ "a": /* why */ "x", "b": 2 }'),
]


@pytest.mark.parametrize(("text", "path", "value", "expected"), LOOKS)
def test_a_put_looks_like_its_surroundings(text: str, path: jsonc.KeyPath, value: Any, expected: str) -> None:
    assert jsonc.put(text, path, value) == expected


REMOVALS = [
    ('{\n  "a": 1,\n  "b": 2\n}', ("a",), '{\n  "b": 2\n}'),
    ('{\n  "a": 1,\n  "b": 2\n}', ("b",), '{\n  "a": 1\n}'),
    ('{\n  "a": 1\n}', ("a",), "{}"),
    ('{"a": 1, "b": 2}', ("a",), '{"b": 2}'),
    # a person's words are not thrown away
    ('{\n  // about a\n  "a": 1, // one\n  "b": 2\n}', ("a",), '{\n  // about a\n // one\n  "b": 2\n}'),
    # what is not there is not removed
    ('{"a": 1}', ("b", "c"), '{"a": 1}'),
]


@pytest.mark.parametrize(("text", "path", "expected"), REMOVALS)
def test_a_removal_takes_its_line_and_no_more(text: str, path: jsonc.KeyPath, expected: str) -> None:
    assert jsonc.remove(text, path) == expected


BROKEN = [
    ("", "empty"),
    ("  // only a comment", "empty"),
    ('{"a": 1', "breaks off"),
    ('{"a": "x', "breaks off"),
    ('{"a": 1 "b": 2}', "comma"),
    ('{"a" 1}', "colon"),
    ("{a: 1}", "quotes"),
    ('{"a": NaN}', "expected"),
    ('{"a": 1e999}', "finite"),
    ('{"a": ' + "9" * 5000 + "}", "malformed"),
    ("{} {}", "after the end"),
    ("/* open", "not closed"),
    ("[" * 5000, "deep"),
]


@pytest.mark.parametrize(("text", "why"), BROKEN)
def test_what_is_not_jsonc_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(jsonc.JsoncError, match=why):
        jsonc.parse(text)


def test_an_error_says_the_line() -> None:
    with pytest.raises(jsonc.JsoncError) as caught:
        jsonc.parse('{\n  "a": 1\n  "b": 2\n}')
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1}', ("a", "b")),  # a parent that is no object
        ('{"a": []}', ("a", "b")),  # a list has no keys
        ('{"a": {}}', ("a", 0)),  # an object has no places
        ('{"a": []}', ("a", 3)),  # a list has no holes
        ('{"a": 1, "a": 2}', ("a",)),  # which one counts?
    ],
)
def test_an_edit_that_would_not_be_safe_is_refused(text: str, path: jsonc.KeyPath) -> None:
    with pytest.raises(jsonc.JsoncError):
        jsonc.put(text, path, 1)
