from __future__ import annotations

import json
import logging
import os
import re
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.engines import engine_on, settings_for

from rota import debuglog
from rota.account import Account, Kind
from rota.debuglines import Line, Lines, answer_line, request_line
from rota.debuglog import JsonForm, PrivateFile, TextForm
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountAdded,
    AccountSwitched,
    AttemptFailed,
    Event,
    RefreshFailed,
    RequestFailed,
    RequestServed,
    RequestStarted,
)
from rota.simulator import build_world

if TYPE_CHECKING:
    from pathlib import Path

    from rota.settings import Settings

NOW = 1_800_000_000.0


def started(account: str, model: str) -> RequestStarted:
    return RequestStarted(at=NOW, request_id="r1", account_id=account, provider="puter", model=model)


def failed(account: str, model: str, meaning: Meaning, status: int, step: str) -> AttemptFailed:
    attempt = Attempt(account, account, model, meaning, "the provider's own words", status)
    return AttemptFailed(at=NOW, request_id="r1", provider="puter", attempt=attempt, next_step=step)


def told(*events: Event) -> list[str]:
    lines = Lines(lambda account_id: account_id, retries=3)
    return [f"{line.title}: {line.text}" for event in events for line in lines.of(event) if line.level != "debug"]


def formatted(line: Line, form: logging.Formatter | None = None) -> str:
    record = logging.LogRecord("rota.debug", logging.INFO, "", 0, "", None, None)
    record.__dict__["line"] = line
    return (form or TextForm()).format(record)


def test_a_request_reads_as_the_plugin_wrote_it() -> None:
    body = json.dumps({"args": {"model": "gpt-5-nano", "stream": True, "messages": [{}, {}, {}]}}).encode()
    shown = formatted(request_line("POST", "/drivers/call", body))
    assert shown.startswith("[rota] ")
    assert shown[15:] == " Request: POST /drivers/call model=gpt-5-nano stream=true messages=3"
    assert formatted(answer_line(200, "OK", 1.23))[15:] == " Answer: 200 OK (1.2s)"


def test_a_retry_a_switch_and_a_fallback_are_told_apart() -> None:
    served = RequestServed(
        at=NOW,
        request_id="r1",
        account_id="b",
        provider="puter",
        model="free",
        requested_model="best",
        duration=2.1,
        first_token=0.3,
    )
    assert told(
        started("a", "best"),
        failed("a", "best", Meaning.THROTTLED, 429, "too many requests at once: 1 s pause; once more"),
        started("a", "best"),
        failed("a", "best", Meaning.LIMITED, 429, "its quota is spent; on to b"),
        started("b", "best"),
        failed("b", "best", Meaning.MODEL_LIMITED, 429, "the model is limited; on to b with free"),
        started("b", "free"),
        served,
    ) == [
        "Retry 1/3: Rate limited (429), waiting 1000ms",
        "Failed: Quota spent (429)",
        "Auth: switched account to b",
        "Failed: Model limited (429)",
        "Fallback: trying free",
        "Response: 200 stream complete (2.1s)",
    ]


def test_the_json_form_is_one_object_a_line() -> None:
    line = request_line("POST", "/v1/messages", b'{"model": "m", "messages": []}')
    said = json.loads(formatted(line, JsonForm()))
    assert said["title"] == "Request"
    assert (said["model"], said["stream"], said["messages"]) == ("m", False, 0)
    assert said["at"].endswith("Z")


SECRETS = [
    "sk-ant-api03-" + "Ab1" * 20,
    "sk-ant-oat01-Zz9yX8wV7",
    "eyJhbGciOiJIUzI1NiJ9.eyJ1dWlkIjoiMSJ9.c2lnbmF0dXJl",
    "ac_" + "k3J" * 12 + "#" + "s7T" * 12,
    "grace.hopper+rota@example.com",
    "please refactor my secret project",
]
secret = st.sampled_from(SECRETS)
name = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)


@st.composite
def hostile_events(draw: st.DrawFn) -> Event:
    """Events whose free text holds a secret, an email or a prompt."""
    text = f"{draw(name)} {draw(secret)} {draw(name)}"
    attempt = Attempt("a", draw(secret), "m", draw(st.sampled_from(Meaning)), text, 400)
    made: list[Event] = [
        AttemptFailed(at=NOW, request_id="r", provider="puter", attempt=attempt, next_step=f"{text}; once more"),
        RequestFailed(
            at=NOW,
            request_id="r",
            provider="puter",
            requested_model="m",
            meaning=None,
            message=text,
            attempts=(attempt,),
            session=draw(secret),
        ),
        RefreshFailed(at=NOW, account_id="a", reason=text, permanent=True),
        AccountSwitched(at=NOW, provider="puter", account_id="a", previous_id=None, reason=text),
        AccountAdded(at=NOW, account=Account("a", "puter", Kind.PUTER, draw(secret), draw(secret), draw(secret))),
        started("a", draw(secret)),
        RequestServed(
            at=NOW,
            request_id="r",
            account_id="a",
            provider="puter",
            model="m",
            requested_model="m",
            reason=text,
            session=draw(secret),
        ),
    ]
    return draw(st.sampled_from(made))


PROMPT = SECRETS[-1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(hostile_events(), max_size=5), secret)
def test_no_secret_email_or_prompt_is_ever_in_a_line(events: list[Event], label: str) -> None:
    lines = Lines(lambda _account_id: label if label != PROMPT else "work", retries=3)
    shown = "\n".join(
        formatted(line, form) for event in events for line in lines.of(event) for form in (TextForm(), JsonForm())
    )
    for each in SECRETS[:-1]:
        assert each not in shown
        assert each.partition("#")[0] not in shown
    assert PROMPT not in shown


@given(secret, secret)
def test_what_is_sent_is_never_in_a_line(prompt: str, key: str) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": prompt}],
        "metadata": {"user_id": key},
        "code": key,
    }
    shown = formatted(request_line("POST", "/v1/messages", json.dumps(body).encode()))
    assert prompt not in shown
    assert key not in shown


@pytest.mark.parametrize("body", [None, b"", b"{", b"[1]", b'{"messages": 3}', b'{"args": 3}', b"\xff\xfe", b"{}"])
def test_any_body_gives_a_line(body: bytes | None) -> None:
    assert request_line("POST", "/x", body).text == "POST /x"


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_the_file_is_private_and_begins_anew_when_it_is_full(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "debug.log", max_bytes=1000, keep=2)
    for number in range(100):
        file.write(f"{number:03} " + "x" * 95)
    kept = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert kept == ["debug.log", "debug.log.1", "debug.log.2"]
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size <= 1000
    lines = "".join((tmp_path / name).read_text() for name in reversed(kept)).splitlines()
    assert [line[:3] for line in lines] == [f"{n:03}" for n in range(100 - len(lines), 100)]


def test_a_folder_that_went_away_stops_nothing(tmp_path: Path) -> None:
    PrivateFile(tmp_path / "gone" / "debug.log", max_bytes=1000, keep=1).write("lost")
    assert not (tmp_path / "gone").exists()


def chosen(**more: object) -> Settings:
    return replace(settings_for(), **more)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_a_home_with_debug_on_writes_what_a_sign_in_and_a_request_did(tmp_path: Path, log_format: str) -> None:
    from rota.providers.base import ChatRequest, Message, Role, Text
    from rota.secret import Secret
    from rota.simulator import credentials_of

    world = build_world("default", seed=1)
    login = next(item for item in credentials_of(world) if item["label"] == "carol")
    async with engine_on(world, tmp_path, settings=chosen(debug=True, log_format=log_format)) as engine:
        await engine.add_secret("puter", Kind.PUTER, Secret(login["secret"]), label="carol@example.com")
        request = ChatRequest(model="puter/gpt-5-nano", messages=(Message(Role.USER, (Text(PROMPT),)),))
        await engine.chat(request)
        path = engine.paths.debug_log
    written = path.read_text("utf-8")
    for wanted in ("Request", "/drivers/call", "Response", r"complete \(\d+\.\ds\)"):
        assert re.search(wanted, written)
    for hidden in (login["secret"], PROMPT, "carol@example.com", "example.com"):
        assert hidden not in written
    if log_format == "json":
        assert all(json.loads(line)["at"] for line in written.splitlines())


async def test_debug_off_writes_nothing_and_hooks_nothing(tmp_path: Path) -> None:
    world = build_world("default", seed=1)
    async with engine_on(world, tmp_path, settings=chosen()) as engine:
        services = await engine.services()
        assert services.client.event_hooks == {"request": [], "response": []}
        assert not engine.paths.debug_log.exists()
    assert debuglog.LOGGER.handlers == []
