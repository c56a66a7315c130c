"""What happens to a vault on a real Secret Service; each story is run by name inside a session of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import keyring
import pytest
import secretstorage
from jeepney import DBusAddress, MessageType, new_method_call  # type: ignore[import-untyped]  # has no types
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]  # has no types
from secretstorage.util import format_secret, open_session

from rota import paths
from rota.errors import SecretMissing, VaultError, VaultLocked
from rota.secret import Secret
from rota.vault import check_keyring, open_vault

HOME = paths.find(os.environ)
LONG = "".join(chr(33 + number % 90) for number in range(4096))


async def everyday() -> None:
    """Put, get, replace, delete, 4 kB, 50 accounts, and nothing on disk."""
    vault = await open_vault("auto", HOME)
    assert vault.kind == "keyring", vault.kind
    secrets = {
        f"account/{number}": Secret(f"{LONG}{number}" if number % 10 == 0 else str(number)) for number in range(50)
    }
    for name, secret in secrets.items():
        await vault.put(name, secret)
    assert await vault.names() == set(secrets)
    assert {name: await vault.get(name) for name in secrets} == secrets
    await vault.put("account/0", Secret("short"))
    assert await vault.get("account/0") == Secret("short")
    await vault.put("account/1", Secret("ü\U0001f511" * 1000))
    assert await vault.get("account/1") == Secret("ü\U0001f511" * 1000)
    on_disk = b"".join(file.read_bytes() for file in HOME.config.rglob("*") if file.is_file())
    assert LONG.encode() not in on_disk
    for name in secrets:
        await vault.delete(name)
    await vault.delete("account/0")
    with pytest.raises(SecretMissing):
        await vault.get("account/0")
    assert await vault.names() == frozenset()
    assert entries() == 0


async def never_unlocked() -> None:
    """A keyring that nobody can unlock: the file by itself, a clear error when the keyring was asked for."""
    assert await check_keyring(HOME) == "The system keyring is locked."
    with pytest.raises(VaultLocked):
        await open_vault("keyring", HOME)
    vault = await open_vault("auto", HOME)
    assert vault.kind == "file", vault.kind
    await vault.put("account/a", Secret("s"))
    assert await vault.get("account/a") == Secret("s")


async def locked_meanwhile() -> None:
    """A keyring that is locked while rota runs: said, nothing lost, served again once it is unlocked."""
    vault = await open_vault("auto", HOME)
    await vault.put("account/a", Secret(LONG))
    lock()
    with pytest.raises(VaultLocked):
        await vault.get("account/a")
    with pytest.raises(VaultLocked):
        await vault.put("account/a", Secret("lost?"))
    with pytest.raises(VaultLocked):
        await vault.delete("account/a")
    with pytest.raises(VaultLocked):
        await open_vault("file", HOME)
    assert (await open_vault("auto", HOME)).kind == "keyring"
    unlock()
    assert await vault.get("account/a") == Secret(LONG)
    assert not HOME.vault_file.exists()


async def killed_daemon() -> None:
    """A daemon that dies comes back locked; unlocked again, it still has every secret."""
    vault = await open_vault("auto", HOME)
    await vault.put("account/a", Secret(LONG))
    os.kill(pid_of("org.freedesktop.secrets"), signal.SIGKILL)
    with pytest.raises(VaultError):
        await vault.get("account/a")
    unlock()
    assert await vault.get("account/a") == Secret(LONG)


async def no_bus() -> None:
    """A session bus that is gone: an error that says so, from every command."""
    vault = await open_vault("auto", HOME)
    await vault.put("account/a", Secret("s"))
    os.kill(pid_of("org.freedesktop.DBus"), signal.SIGKILL)
    for action in (vault.get("account/a"), vault.put("account/b", Secret("t")), vault.names()):
        with pytest.raises(VaultError, match="does not answer"):
            await action
    assert (await open_vault("auto", HOME)).kind == "keyring"
    assert not HOME.vault_file.exists()


async def two_processes() -> None:
    """Two processes putting at once: every secret of both is there."""
    await open_vault("auto", HOME)
    program = [sys.executable, str(Path(__file__)), "put_ten"]
    putting = [await asyncio.create_subprocess_exec(*program, letter) for letter in "ab"]
    assert [await process.wait() for process in putting] == [0, 0]
    vault = await open_vault("auto", HOME)
    assert await vault.names() == {f"account/{letter}{number}" for letter in "ab" for number in range(10)}


async def put_ten(letter: str) -> None:
    vault = await open_vault("auto", HOME)
    for number in range(10):
        await vault.put(f"account/{letter}{number}", Secret(letter))


async def moved() -> None:
    """File to keyring and back: every secret there, no copy left behind."""
    vault = await open_vault("file", HOME)
    secrets = {f"account/{number}": Secret(f"{LONG}{number}") for number in range(5)}
    for name, secret in secrets.items():
        await vault.put(name, secret)
    there = await open_vault("keyring", HOME)
    assert {name: await there.get(name) for name in await there.names()} == secrets
    assert b"account" not in HOME.vault_file.read_bytes()
    back = await open_vault("file", HOME)
    assert {name: await back.get(name) for name in await back.names()} == secrets
    assert entries() == 0


def entries() -> int:
    """How many entries of rota the keyring holds."""
    connection = secretstorage.dbus_init()
    try:
        found = secretstorage.get_default_collection(connection).get_all_items()
        return sum(item.get_attributes().get("service", "").startswith("rota") for item in found)
    finally:
        connection.close()


def lock() -> None:
    connection = secretstorage.dbus_init()
    try:
        secretstorage.get_default_collection(connection).lock()
    finally:
        connection.close()


def unlock() -> None:
    """Unlock the default keyring without a prompt, the way gnome-keyring's own tests do."""
    private = DBusAddress(
        "/org/freedesktop/secrets",
        bus_name="org.freedesktop.secrets",
        interface="org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
    )
    connection = secretstorage.dbus_init()
    try:
        collection = secretstorage.get_default_collection(connection)
        secret = format_secret(open_session(connection), os.environ["KEYRING_PASSWORD"].encode(), "text/plain")
        body = (collection.collection_path, secret)
        reply = connection.send_and_get_reply(new_method_call(private, "UnlockWithMasterPassword", "o(oayays)", body))
        assert reply.header.message_type is MessageType.method_return, reply.body
    finally:
        connection.close()


def pid_of(bus_name: str) -> int:
    """The process behind a name on the session bus."""
    bus = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
    with open_dbus_connection() as connection:
        message = new_method_call(bus, "GetConnectionUnixProcessID", "s", (bus_name,))
        return int(connection.send_and_get_reply(message).body[0])


if __name__ == "__main__":
    assert keyring.get_keyring().name.startswith("SecretService"), keyring.get_keyring()
    asyncio.run(globals()[sys.argv[1]](*sys.argv[2:]))
    print("told", sys.argv[1])
