"""`rota.testing` as a stranger uses it: a test file of theirs, run by pytest in a folder and a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STRICT = ("-p", "no:cacheprovider", "--strict-markers", "-W", "error", "-o", "asyncio_mode=auto")
CONFTEST = 'pytest_plugins = ["rota.testing"]\n'

THEIRS = """
import asyncio
import os
import subprocess
import sys

import pytest
import rota

ASKED = rota.ChatRequest("puter/gpt-5-nano", (rota.Message.user("Hello"),))


async def ask():
    async with rota.open() as engine:
        return await engine.chat(ASKED)


def test_an_answer_comes_over_real_http(rota_simulator):
    rota_simulator.sign_in("carol")
    served = asyncio.run(ask())
    assert served.reply.text
    assert rota_simulator.server.world.calls.listed(path="/drivers/call")


def test_a_process_works_on_the_same_home(rota_simulator):
    assert os.environ["ROTA_HOME"] == str(rota_simulator.home)
    rota_simulator.sign_in("console")
    ran = subprocess.run([sys.executable, "-m", "rota_tui", "accounts"], capture_output=True, text=True, timeout=60)
    assert "console" in ran.stdout


def test_a_spent_account_is_an_error_that_tells(rota_simulator):
    rota_simulator.sign_in("carol")
    rota_simulator.fail("exhausted", provider="puter", times=0)
    with pytest.raises(rota.AllSpent) as raised:
        asyncio.run(ask())
    assert raised.value.attempts[0].account_label == "carol"


@pytest.mark.rota_scenario("gated")
def test_a_login_that_waits_for_its_person_is_refused(rota_simulator):
    with pytest.raises(rota.SignInFailed):
        rota_simulator.sign_in("archived")


async def test_it_can_be_used_inside_an_event_loop(rota_simulator):
    rota_simulator.sign_in("carol")
    assert (await ask()).reply.text


def test_a_wrong_label_names_the_right_ones(rota_simulator):
    with pytest.raises(LookupError, match="there are .*carol"):
        rota_simulator.sign_in("carrol")
"""


def test_a_strangers_tests_run_against_the_simulator(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_theirs.py").write_text(THEIRS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *STRICT, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "6 passed" in ran.stdout, ran.stdout + ran.stderr


def test_nothing_of_it_is_loaded_unasked(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\ndef test_nothing():\n    assert not {'rota', 'rota.testing'} & sys.modules.keys()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
