"""The chat's values: commands, attachments, the conversation that goes out, the file it is saved to."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.account import Account, Kind
from rota.events import AccountAdded, RequestServed
from rota.fold import fold
from rota.providers.base import Image, Role, Text
from rota.snapshot import Snapshot
from rota_tui.attachments import MAX_TEXT_BYTES, Attachment, CannotAttach, attach, told_size
from rota_tui.conversation import CLIENT, Choice, Exchange, Question, chat_request, first_choice
from rota_tui.dialogs.attach import complete_path
from rota_tui.pieces import clean_block
from rota_tui.slash import Command, Mistyped, read_command
from rota_tui.transcript import Told, as_markdown, save

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_014_400.0


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("/attach ~/a b.png", Command("attach", "~/a b.png")),
        ("/CLEAR ", Command("clear", "")),
        (" /clear", None),  # how a question is sent that begins like a command
        ("/modle", Mistyped("/modle", "model")),
        ("/etc/hosts is what?", None),  # a path
        ("/x", Mistyped("/x", "")),  # nothing like a command
        ("/", Mistyped("/", "")),
        ("/save this\nand that", None),  # a question of several lines
        ("what is /model", None),
        ("", None),
    ],
)
def test_a_line_is_a_command_a_slip_or_a_question(line: str, read: object) -> None:
    assert read_command(line) == read


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
    ],
)
def test_an_image_is_told_by_its_bytes(tmp_path: Path, start: bytes, media_type: str) -> None:
    file = tmp_path / "picture.txt"
    file.write_bytes(start + b"rest")
    part = Image(data=base64.b64encode(start + b"rest").decode(), media_type=media_type)
    assert attach(f" '{file}' ") == Attachment("picture.txt", "image", len(start) + 4, part)


def test_a_text_goes_along_in_a_fence_that_it_cannot_close(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("a\n```\nb\n```\n")
    part = attach(str(file)).part
    assert isinstance(part, Text)
    assert part.text == "File notes.md:\n\n````\na\n```\nb\n```\n````"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\x01\x02", "neither text nor"),
        (b"\xff\xfe\xfa", "neither text nor"),
        (b"x" * (MAX_TEXT_BYTES + 1), "Text may have 400 kB"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 4_000_000, "At most 3.9 MB"),
    ],
)
def test_what_cannot_go_along_says_why(tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    with pytest.raises(CannotAttach) as error:
        attach(str(file))
    assert why in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize("path", ["", "/no/such/file", ".", "a\0b"])
def test_a_path_that_is_no_file_says_so(path: str) -> None:
    with pytest.raises(CannotAttach):
        attach(path)


@pytest.mark.parametrize("typed", ["my chart.png", "'my chart.png'", r"my\ chart.png", " my chart.png "])
def test_a_path_is_taken_as_it_is_typed_quoted_or_dropped_by_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my chart.png").write_bytes(b"GIF89a")
    assert attach(typed).name == "my chart.png"


def test_a_backslash_that_belongs_to_a_name_stays(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("a backslash is a separator there")
    (tmp_path / r"a\ b.txt").write_text("x")
    assert attach(str(tmp_path / r"a\ b.txt")).name == r"a\ b.txt"


def test_a_path_is_completed_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "chart.png").touch()
    (tmp_path / "charts").mkdir()
    (tmp_path / ".hidden").touch()
    assert complete_path(f"{tmp_path}/cha") == f"{tmp_path}/chart.png"
    assert complete_path(f"{tmp_path}/charts") == f"{tmp_path}/charts/"
    assert complete_path(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert complete_path(f"{tmp_path}/") == f"{tmp_path}/chart.png"
    assert complete_path(f"{tmp_path}/none") is None
    assert complete_path("/no/such/folder/x") is None


@pytest.mark.parametrize(("size", "told"), [(0, "0 B"), (999, "999 B"), (34_400, "34 kB"), (1_240_000, "1.2 MB")])
def test_sizes_are_told_for_people(size: int, told: str) -> None:
    assert told_size(size) == told


def test_only_what_was_answered_and_not_replaced_goes_out_again() -> None:
    before = [
        Exchange(Question("one"), "first"),
        Exchange(Question("two"), "  "),
        Exchange(Question("three"), "old", replaced=True),
    ]
    picture = Attachment("a.png", "image", 3, Image(data="eA=="))
    request = chat_request(Choice("m", "puter"), before, Question("four", (picture,)), max_tokens=9)
    assert [(m.role, m.text) for m in request.messages] == [
        (Role.USER, "one"),
        (Role.ASSISTANT, "first"),
        (Role.USER, "four"),
    ]
    assert isinstance(request.messages[-1].parts[0], Image)
    assert (request.model, request.max_tokens) == ("m", 9)


def with_accounts(*providers: str) -> Snapshot:
    snapshot = Snapshot()
    for number, provider in enumerate(providers):
        kind = Kind.PUTER if provider == "puter" else Kind.API_KEY
        account = Account(provider, provider, kind, provider, provider, position=float(number))
        snapshot = fold(snapshot, AccountAdded(at=NOW, account=account))
    return snapshot


def asked(model: str, provider: str, client: str = CLIENT) -> RequestServed:
    return RequestServed(
        at=NOW, request_id="r", account_id="a", provider=provider, model=model, requested_model=model, client=client
    )


@pytest.mark.parametrize(
    ("providers", "recent", "wanted", "choice"),
    [
        ((), (), "", None),  # nobody to ask
        (("puter",), (), "", Choice("gpt-5-nano", "puter")),  # a small model to begin with
        (("anthropic", "puter"), (asked("grok", "puter"),), "", Choice("grok", "puter")),  # the last one asked here
        (("anthropic",), (asked("opus", "anthropic", "opencode"),), "", Choice("claude-haiku-4-5", "anthropic")),
        (("anthropic",), (asked("grok", "puter"),), "", Choice("claude-haiku-4-5", "anthropic")),  # no such account
        (("anthropic", "puter"), (), "puter/grok", Choice("grok", "puter")),  # as the settings say
    ],
)
def test_whom_a_chat_begins_with(
    providers: tuple[str, ...], recent: tuple[RequestServed, ...], wanted: str, choice: Choice | None
) -> None:
    assert first_choice(with_accounts(*providers), recent, wanted) == choice


def test_a_saved_conversation_never_replaces_a_file(tmp_path: Path) -> None:
    paths = [save(f"{number}", tmp_path, NOW, None) for number in range(3)]
    assert len(set(paths)) == 3
    assert [path.read_text() for path in paths] == ["0", "1", "2"]


def test_a_conversation_is_saved_under_a_name_that_was_said_but_over_no_file(tmp_path: Path) -> None:
    assert save("one", tmp_path / "talk.md", NOW, None) == tmp_path / "talk.md"
    with pytest.raises(FileExistsError):
        save("two", tmp_path / "talk.md", NOW, None)
    assert (tmp_path / "talk.md").read_text() == "one"


def test_a_conversation_reads_well_as_markdown() -> None:
    answer = Told(
        "", "It is **so**.\n", "First\n\nthink.", (("find", '{"a":1}'),), None, "ada · m · stopped after 2.0 s"
    )
    text = as_markdown([(Question("Is it?"), [answer])], NOW, None)
    assert text.split("\n\n", 1)[1] == (
        "## Question\n\nIs it?\n\n## Answer\n\n> First\n>\n> think.\n\nIt is **so**.\n\n"
        '`find` `{"a":1}`\n\n*ada · m · stopped after 2.0 s*\n'
    )


@given(st.text())
def test_a_block_of_foreign_text_obeys_no_control_character(text: str) -> None:
    cleaned = clean_block(text)
    assert not set(cleaned) & {chr(n) for n in range(0x20) if chr(n) not in "\n\t"}
    assert not set(cleaned) & set("\x7f\x9b\u2028\u202e\u2066")
