"""Which vault a home uses, that it stays with it, and that moving loses nothing wherever it stops."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import keyring
import pytest
from tests.support.keyrings import Forgetting, InPlainText, Remembering

from rota import paths
from rota.errors import SecretMissing, VaultError, VaultLocked
from rota.files import write_private
from rota.secret import Secret
from rota.vault import check_keyring, open_vault
from rota.vault.stored import VaultLock, in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from rota.paths import Paths


def contents(vault_file: Path) -> dict[str, str]:
    if not vault_file.exists():
        return {}
    secrets: dict[str, str] = json.loads(vault_file.read_text())["secrets"]
    return secrets


@pytest.mark.parametrize("choice", ["memory", "file", "keyring", "auto"])
async def test_every_kind_of_vault_puts_gets_replaces_lists_and_deletes(
    home: Paths, ring: Remembering, choice: str
) -> None:
    vault = await open_vault(choice, home)
    assert vault.kind == {"auto": "keyring"}.get(choice, choice)
    assert vault.notices == ()
    await vault.put("account/a", Secret("old"))
    await vault.put("account/a", Secret("new"))
    await vault.put("gateway/default", Secret("k"))
    assert await vault.get("account/a") == Secret("new")
    assert await vault.names() == {"account/a", "gateway/default"}
    await vault.delete("account/a")
    await vault.delete("account/a")
    with pytest.raises(SecretMissing, match="account/a"):
        await vault.get("account/a")
    assert await vault.names() == {"gateway/default"}


async def test_auto_takes_the_keyring_where_it_works_and_writes_no_secret_to_disk(
    home: Paths, ring: Remembering
) -> None:
    vault = await open_vault("auto", home)
    await vault.put("account/a", Secret("sk-very-secret"))
    assert vault.kind == "keyring"
    for file in home.config.rglob("*"):
        assert file.is_dir() or b"sk-very-secret" not in file.read_bytes()


@pytest.mark.parametrize("backend", [Forgetting(), InPlainText()])
async def test_auto_takes_the_file_where_no_keyring_is_any_good(
    home: Paths, ring: Remembering, backend: Remembering
) -> None:
    keyring.set_keyring(backend)
    vault = await open_vault("auto", home)
    await vault.put("account/a", Secret("s"))
    assert vault.kind == "file"
    assert contents(home.vault_file) == {"account/a": "s"}
    assert backend.entries == {}


async def test_auto_takes_the_file_when_the_keyring_is_locked_before_anything_was_kept(
    home: Paths, ring: Remembering
) -> None:
    ring.locked = True
    vault = await open_vault("auto", home)
    assert vault.kind == "file"
    ring.locked = False
    assert (await open_vault("auto", home)).kind == "keyring"


async def test_a_home_stays_with_the_file_that_holds_its_secrets(home: Paths, ring: Remembering) -> None:
    ring.locked = True
    await (await open_vault("auto", home)).put("account/a", Secret("s"))
    ring.locked = False
    vault = await open_vault("auto", home)
    assert vault.kind == "file"
    assert await vault.get("account/a") == Secret("s")


async def test_a_home_stays_with_its_keyring_when_that_is_locked_and_says_so(home: Paths, ring: Remembering) -> None:
    vault = await open_vault("auto", home)
    await vault.put("account/a", Secret("s"))
    ring.locked = True
    again = await open_vault("auto", home)
    assert again.kind == "keyring"
    for action in (again.get("account/a"), again.put("account/b", Secret("t")), again.delete("account/a")):
        with pytest.raises(VaultLocked):
            await action
    ring.locked = False
    assert await again.get("account/a") == Secret("s")
    assert not home.vault_file.exists()


async def test_a_keyring_asked_for_by_name_must_work(home: Paths, ring: Remembering) -> None:
    ring.locked = True
    with pytest.raises(VaultLocked):
        await open_vault("keyring", home)
    keyring.set_keyring(Forgetting())
    with pytest.raises(VaultError, match="does not keep"):
        await open_vault("keyring", home)


async def test_two_homes_do_not_see_each_others_secrets(home: Paths, ring: Remembering, tmp_path: Path) -> None:
    one, two = await open_vault("auto", home), await open_vault("auto", paths.under(tmp_path / "other"))
    await one.put("gateway/default", Secret("one"))
    await two.put("gateway/default", Secret("two"))
    assert await one.get("gateway/default") == Secret("one")


async def test_a_home_that_was_moved_still_finds_its_keyring_entries(
    home: Paths, ring: Remembering, tmp_path: Path
) -> None:
    await (await open_vault("auto", home)).put("account/a", Secret("s"))
    home.config.rename(tmp_path / "moved")
    vault = await open_vault("auto", paths.under(tmp_path / "moved"))
    assert await vault.get("account/a") == Secret("s")


@pytest.mark.parametrize("damage", [None, b"", b"[]", b'{"kind": "tape"}', b'{"kind": "file", "service": 3}'])
async def test_a_lost_note_of_the_choice_is_found_out_again(
    home: Paths, ring: Remembering, damage: bytes | None
) -> None:
    for choice in ("file", "keyring"):
        await (await open_vault(choice, home)).put("account/a", Secret("s"))
        home.vault_choice_file.unlink()
        if damage is not None:
            home.vault_choice_file.write_bytes(damage)
        vault = await open_vault("auto", home)
        assert (vault.kind, await vault.get("account/a")) == (choice, Secret("s"))


# Moving


async def filled(home: Paths, choice: str) -> dict[str, Secret]:
    vault = await open_vault(choice, home)
    secrets = {f"account/{number}": Secret(f"secret-{number}" * 300) for number in range(5)}
    for name, secret in secrets.items():
        await vault.put(name, secret)
    return secrets


@pytest.mark.parametrize(("source", "target"), [("file", "keyring"), ("keyring", "file")])
async def test_choosing_another_vault_moves_every_secret_and_leaves_no_copy(
    home: Paths, ring: Remembering, source: str, target: str
) -> None:
    secrets = await filled(home, source)
    vault = await open_vault(target, home)
    assert vault.kind == target
    assert {name: await vault.get(name) for name in await vault.names()} == secrets
    if target == "keyring":
        assert contents(home.vault_file) == {}
    else:
        assert ring.entries == {}


async def test_a_rota_that_is_running_follows_a_move(home: Paths, ring: Remembering) -> None:
    running = await open_vault("file", home)
    await running.put("account/a", Secret("s"))
    await open_vault("keyring", home)
    assert await running.get("account/a") == Secret("s")
    await running.put("account/b", Secret("t"))
    assert running.kind == "keyring"
    assert contents(home.vault_file) == {}


@pytest.mark.parametrize("stop_at", range(12))
async def test_a_move_stopped_at_any_entry_loses_nothing_and_is_cleaned_up(
    home: Paths, ring: Remembering, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    secrets = await filled(home, "file")
    original, calls = ring.set_password, iter(range(1000))

    def dies(service: str, username: str, password: str) -> None:
        # The probe writes first, so every number here falls into the probe or the copying.
        if next(calls) == stop_at:
            raise ConnectionResetError
        original(service, username, password)

    monkeypatch.setattr(ring, "set_password", dies)
    with pytest.raises(VaultError, match="does not answer"):
        await open_vault("keyring", home)
    vault = await open_vault("auto", home)
    assert vault.kind == "file"
    assert {name: await vault.get(name) for name in await vault.names()} == secrets
    monkeypatch.setattr(ring, "set_password", original)
    assert ring.entries == {}


async def test_copies_that_could_not_be_deleted_are_deleted_the_next_time(
    home: Paths, ring: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = await filled(home, "keyring")
    original = ring.delete_password

    def refuses(service: str, username: str) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(ring, "delete_password", refuses)
    vault = await open_vault("file", home)
    assert vault.kind == "file"
    assert await vault.names() == set(secrets)
    assert ring.entries
    monkeypatch.setattr(ring, "delete_password", original)
    await open_vault("auto", home)
    assert ring.entries == {}


async def test_a_locked_keyring_is_not_moved_out_of(home: Paths, ring: Remembering) -> None:
    secrets = await filled(home, "keyring")
    ring.locked = True
    with pytest.raises(VaultLocked):
        await open_vault("file", home)
    ring.locked = False
    vault = await open_vault("auto", home)
    assert vault.kind == "keyring"
    assert await vault.names() == set(secrets)


# Several at once


async def test_many_tasks_putting_at_once_lose_nothing(home: Paths) -> None:
    vault = await open_vault("file", home)
    await asyncio.gather(*(vault.put(f"account/{number}", Secret(str(number))) for number in range(20)))
    assert await vault.names() == {f"account/{number}" for number in range(20)}


async def test_what_waits_for_the_vault_is_written_in_a_few_goes(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, saved = await open_vault("file", home), []

    def counted(path: Path, content: bytes) -> None:
        saved.append(len(content))
        write_private(path, content)

    monkeypatch.setattr("rota.vault.file.write_private", counted)
    await asyncio.gather(*(vault.put(f"account/{number}", Secret(str(number))) for number in range(200)))
    assert len(saved) < 20
    assert len(await vault.names()) == 200


async def test_a_full_disk_fails_those_who_write_and_not_those_who_read(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await open_vault("file", home)
    await vault.put("account/a", Secret("s"))

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rota.vault.file.write_private", full)
    got = await asyncio.gather(
        *(vault.get("account/a") for _ in range(3)),
        *(vault.put(f"account/{name}", Secret(name)) for name in "bc"),
        vault.get("account/z"),
        return_exceptions=True,
    )
    assert got[:3] == [Secret("s")] * 3
    assert [type(each) for each in got[3:]] == [VaultError, VaultError, SecretMissing]
    monkeypatch.undo()
    assert await vault.names() == {"account/a"}


def _put_many(folder: Path, names: list[str]) -> None:
    async def put() -> None:
        vault = await open_vault("file", paths.under(folder))
        for name in names:
            await vault.put(name, Secret(name))

    asyncio.run(put())


async def test_two_processes_putting_at_once_lose_nothing(home: Paths) -> None:
    context = multiprocessing.get_context("spawn")
    batches = [[f"account/{letter}{number}" for number in range(15)] for letter in "ab"]
    writers = [context.Process(target=_put_many, args=(home.config, batch)) for batch in batches]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join, 60)
    vault = await open_vault("file", home)
    assert await vault.names() == {*batches[0], *batches[1]}


async def test_a_rota_killed_while_it_writes_has_every_secret_that_it_said_it_kept(home: Paths) -> None:
    code = (
        "import asyncio, itertools, os\n"
        "from rota import paths; from rota.vault import open_vault; from rota.secret import Secret\n"
        "async def put():\n"
        "    vault = await open_vault('file', paths.find(os.environ))\n"
        "    for number in itertools.count():\n"
        "        await vault.put(f'account/{number}', Secret(str(number) * 500)); print(number, flush=True)\n"
        "asyncio.run(put())\n"
    )
    environ = dict(os.environ, ROTA_HOME=str(home.config), PYTHONPATH=os.pathsep.join(sys.path))
    for _ in range(3):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, env=environ, stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        said = [int(await writer.stdout.readline()) for _ in range(10)]
        writer.kill()
        await writer.wait()
        vault = await open_vault("file", home)
        assert said == list(range(10))
        assert [await vault.get(f"account/{number}") for number in said] == [Secret(str(n) * 500) for n in said]
        for name in await vault.names():
            await vault.delete(name)
        assert list(home.vault.iterdir()) == [home.vault_file]


async def test_a_put_that_is_cancelled_is_still_made(home: Paths) -> None:
    vault = await open_vault("file", home)
    lock = VaultLock(home.locks / "vault.lock")
    with lock.held():
        putting = asyncio.create_task(vault.put("account/a", Secret("s")))
        await asyncio.sleep(0)
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
    writers = [thread for thread in threading.enumerate() if thread.name == "rota-vault"]
    for thread in writers:
        await asyncio.to_thread(thread.join, 60)
    assert await vault.get("account/a") == Secret("s")


async def test_a_keyring_that_never_answers_is_given_up_on() -> None:
    never = threading.Event()
    try:
        with pytest.raises(VaultError, match="did not answer in time"):
            await in_thread(never.wait, patience_s=0)
    finally:
        never.set()


# The edges


async def test_a_keyring_is_checked_for_the_doctor(home: Paths, ring: Remembering) -> None:
    assert await check_keyring(home) is None
    ring.locked = True
    assert await check_keyring(home) == "The system keyring is locked."
    keyring.set_keyring(InPlainText())
    assert await check_keyring(home) == "The system keyring keeps secrets in plain text."
    assert ring.entries == {}
    assert not home.config.exists()


@pytest.mark.skipif(os.name == "nt", reason="file modes mean nothing on Windows")
async def test_everything_under_the_home_is_private(home: Paths, ring: Remembering) -> None:
    await filled(home, "keyring")
    await open_vault("file", home)
    for place in [home.config, *home.config.rglob("*")]:
        assert place.stat().st_mode & 0o777 == (0o700 if place.is_dir() else 0o600), place


def test_the_file_vault_never_imports_keyring_and_importing_a_vault_imports_neither(home: Paths) -> None:
    code = (
        "import sys, asyncio, os\n"
        "from rota import paths; from rota.vault import open_vault; from rota.secret import Secret\n"
        "assert not {'keyring', 'filelock'} & set(sys.modules)\n"
        "vault = asyncio.run(open_vault('file', paths.find(os.environ)))\n"
        "asyncio.run(vault.put('account/a', Secret('s')))\n"
        "assert 'keyring' not in sys.modules\n"
    )
    environ = dict(os.environ, ROTA_HOME=str(home.config), PYTHONPATH=os.pathsep.join(sys.path))
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert contents(home.vault_file) == {"account/a": "s"}
