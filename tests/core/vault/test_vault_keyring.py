"""The store over a system keyring: names it cannot list, secrets longer than an entry, and every way it can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from tests.support.keyrings import Forgetting, InPlainText, Remembering

if TYPE_CHECKING:
    from collections.abc import Callable

from rota.errors import VaultError, VaultLocked
from rota.secret import Secret
from rota.vault.system import PART, KeyringStore, recommended

SECRETS = [
    "s",
    "",
    "=",
    "#1.2",  # looks like the head of a secret in parts
    "x" * PART,
    "x" * (PART + 1),
    "x" * 4096,
    "ü" * 4096,
    "\U0001f511" * 2000,  # four bytes each in UTF-16
    "line\nline\x00",
]


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_of_any_length_comes_back_as_it_was(ring: Remembering, text: str) -> None:
    store = KeyringStore("rota-test")
    store.write("account/a", Secret(text))
    assert store.read("account/a") == Secret(text)
    store.remove("account/a")
    assert ring.entries == {}


@pytest.mark.parametrize(("first", "second"), [(4096, 10), (10, 4096), (4096, 5000)])
def test_replacing_a_secret_leaves_no_part_of_the_old_one(ring: Remembering, first: int, second: int) -> None:
    store = KeyringStore("rota-test")
    store.write("account/a", Secret("x" * first))
    store.write("account/a", Secret("y" * second))
    assert store.read("account/a") == Secret("y" * second)
    assert not any("x" in text for text in ring.entries.values())


def test_names_are_known_although_a_keyring_cannot_list(ring: Remembering) -> None:
    store = KeyringStore("rota-test")
    names = {f"account/{number:032}" for number in range(50)}
    for name in names:
        store.write(name, Secret(name))
    assert KeyringStore("rota-test").names() == names
    assert KeyringStore("rota-other").names() == frozenset()
    for name in names:
        store.remove(name)
    assert store.names() == frozenset()
    assert ring.entries == {}


def test_a_name_is_listed_before_its_secret_is_there(ring: Remembering, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyringStore("rota-test")
    original = ring.set_password

    def dies(service: str, username: str, password: str) -> None:
        if username == "account/a":
            raise KeyboardInterrupt
        original(service, username, password)

    monkeypatch.setattr(ring, "set_password", dies)
    with pytest.raises(KeyboardInterrupt):
        store.write("account/a", Secret("s"))
    assert store.names() == {"account/a"}
    assert store.read("account/a") is None


def test_a_long_secret_is_whole_until_its_successor_is(ring: Remembering, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyringStore("rota-test")
    store.write("account/a", Secret("x" * 4096))
    original, calls = ring.set_password, iter(range(100))

    def dies(service: str, username: str, password: str) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        original(service, username, password)

    monkeypatch.setattr(ring, "set_password", dies)
    with pytest.raises(KeyboardInterrupt):
        store.write("account/a", Secret("y" * 4096))
    assert store.read("account/a") == Secret("x" * 4096)


@pytest.mark.parametrize("length", [10, 1300, 4096])
def test_parts_left_by_an_interrupted_write_are_swept_up_by_the_next(
    ring: Remembering, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    store = KeyringStore("rota-test")
    store.write("account/a", Secret("x" * 4096))
    with monkeypatch.context() as patched:
        original = ring.set_password

        def dies(service: str, username: str, password: str) -> None:
            if username == "account/a":
                raise KeyboardInterrupt
            original(service, username, password)

        patched.setattr(ring, "set_password", dies)
        with pytest.raises(KeyboardInterrupt):
            store.write("account/a", Secret("y" * 5000))
    store.write("account/a", Secret("z" * length))
    assert store.read("account/a") == Secret("z" * length)
    assert not any("x" in text or "y" in text for text in ring.entries.values())
    store.remove("account/a")
    assert ring.entries == {}


def test_the_probe_leaves_nothing(ring: Remembering) -> None:
    KeyringStore("rota-test").probe()
    assert ring.entries == {}
    assert recommended()


def test_a_locked_keyring_is_said_to_be_locked(ring: Remembering) -> None:
    ring.locked = True
    actions: list[Callable[[KeyringStore], object]] = [
        lambda s: s.read("a"),
        lambda s: s.write("a", Secret("s")),
        lambda s: s.remove("a"),
        lambda s: s.names(),
        lambda s: s.probe(),
    ]
    for action in actions:
        with pytest.raises(VaultLocked, match="locked") as caught:
            action(KeyringStore("rota-test"))
        assert "Unlock it" in caught.value.hint


def test_a_vanished_keyring_is_said_without_its_traceback(ring: Remembering) -> None:
    ring.broken = True
    with pytest.raises(VaultError, match=r"does not answer \(ConnectionResetError\)") as caught:
        KeyringStore("rota-test").write("a", Secret("sk-secret"))
    assert not isinstance(caught.value, VaultLocked)
    assert caught.value.__suppress_context__
    assert "vault file" in caught.value.hint


def test_a_keyring_that_forgets_does_not_pass_the_probe(ring: Remembering) -> None:
    keyring.set_keyring(Forgetting())
    with pytest.raises(VaultError, match="does not keep"):
        KeyringStore("rota-test").probe()


def test_a_system_without_a_keyring_is_said_so(ring: Remembering) -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # keyring's own
    with pytest.raises(VaultError, match="has no keyring"):
        KeyringStore("rota-test").probe()


def test_a_keyring_in_plain_text_is_not_recommended(ring: Remembering) -> None:
    keyring.set_keyring(InPlainText())
    assert not recommended()


def test_a_damaged_list_of_names_is_said(ring: Remembering) -> None:
    ring.entries["rota-test", "names"] = "={"
    with pytest.raises(VaultError, match="list of names"):
        KeyringStore("rota-test").names()
