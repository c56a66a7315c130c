"""The secrets file: private, whole, and never lost when something is wrong with it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from rota.errors import VaultError
from rota.secret import Secret
from rota.vault.file import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix_only = pytest.mark.skipif(os.name == "nt", reason="modes and links are POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "secrets.json"


def damaged(path: Path) -> list[Path]:
    return list(path.parent.glob("secrets.json.damaged-*"))


def test_what_was_written_is_read_by_another_store_on_the_same_file(path: Path) -> None:
    FileStore(path).write("account/a", Secret("s-1"))
    FileStore(path).write("account/b", Secret("ü\n\U0001f511"))
    other = FileStore(path)
    assert other.read("account/a") == Secret("s-1")
    assert other.read("account/b") == Secret("ü\n\U0001f511")
    assert other.names() == {"account/a", "account/b"}


def test_a_secret_is_replaced_and_removed(path: Path) -> None:
    store = FileStore(path)
    store.write("account/a", Secret("old"))
    store.write("account/a", Secret("new"))
    assert store.read("account/a") == Secret("new")
    store.remove("account/a")
    store.remove("account/a")
    assert store.read("account/a") is None
    assert "new" not in path.read_text()


def test_nothing_is_there_before_the_first_write(path: Path) -> None:
    store = FileStore(path)
    assert store.read("account/a") is None
    assert store.names() == frozenset()
    store.remove("account/a")
    assert not path.parent.exists()


@posix_only
def test_the_file_and_its_folder_are_for_their_owner_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        FileStore(path).write("account/a", Secret("s"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


@posix_only
def test_a_file_open_to_others_is_closed_and_said(path: Path) -> None:
    store = FileStore(path)
    store.write("account/a", Secret("s"))
    assert store.notices == ()
    path.chmod(0o644)
    assert store.read("account/a") == Secret("s")
    assert store.read("account/a") == Secret("s")
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(store.notices) == 1
    assert str(path) in store.notices[0]


DAMAGE = [
    b"",
    b"{",
    b'{"version": 1, "secrets": {"account/a": "s-1"',  # cut short
    b"[]",
    b'{"version": 1}',
    b'{"version": 1, "secrets": []}',
    b'{"version": 1, "secrets": {"account/a": 3}}',
    b'{"version": "1", "secrets": {}}',
    b"\xff\xfe\x00",
    b"[" * 200_000,  # deeper than a parser goes
    b"0" * 10_000_000,
]


@pytest.mark.parametrize("content", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_file_is_moved_aside_whole_and_said(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(0o600)
    store = FileStore(path)
    with pytest.raises(VaultError, match="damaged") as caught:
        store.write("account/b", Secret("s-2"))
    [aside] = damaged(path)
    assert aside.read_bytes() == content
    assert aside.name in str(caught.value)
    assert "sign in" in caught.value.hint
    assert "s-1" not in str(caught.value)
    store.write("account/b", Secret("s-2"))
    assert store.names() == {"account/b"}


def test_a_file_of_a_newer_rota_is_left_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    content = json.dumps({"version": 2, "secrets": {"account/a": {"new": "shape"}}})
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(VaultError, match="newer rota"):
        FileStore(path).write("account/b", Secret("s"))
    assert path.read_text() == content
    assert damaged(path) == []


@posix_only
def test_a_link_is_refused_and_its_target_left_alone(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    target = tmp_path / "elsewhere.json"
    target.write_text('{"version": 1, "secrets": {}}')
    path.symlink_to(target)
    actions: list[Callable[[FileStore], object]] = [
        lambda s: s.read("a"),
        lambda s: s.write("a", Secret("s")),
        lambda s: s.remove("a"),
    ]
    for action in actions:
        with pytest.raises(VaultError, match="is a link"):
            action(FileStore(path))
    assert target.read_text() == '{"version": 1, "secrets": {}}'


@posix_only
def test_a_pipe_in_the_files_place_is_refused_without_waiting_on_it(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    os.mkfifo(path)
    with pytest.raises(VaultError, match="is not a file"):
        FileStore(path).read("a")


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(VaultError, match=r"is not a file|cannot be read"):
        FileStore(path).read("a")


def test_a_write_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(path)
    store.write("account/a", Secret("s-1"))
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultError, match="No space left on device") as caught:
        store.write("account/a", Secret("s-2"))
    assert caught.value.__suppress_context__
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_rota_left_is_cleaned_up_by_the_next_write(path: Path) -> None:
    store = FileStore(path)
    store.write("account/a", Secret("s-1"))
    (path.parent / ".secrets.json.abc123.tmp").write_text("half a se")
    store.write("account/b", Secret("s-2"))
    assert list(path.parent.iterdir()) == [path]
    assert store.names() == {"account/a", "account/b"}
