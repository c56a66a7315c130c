"""What can be seen of a running gateway: health, status, live events, Prometheus text, the log's word for it all."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gatewayed import CLAUDE, Gatewayed, gatewayed, two_keys, until

from rota.codec import decode
from rota.events import GatewayStarted, GatewayStopped, RequestServed, RequestStarted
from rota.gateway.metrics import Metrics
from rota.gateway.server import PortTaken
from rota.simulator import Fault
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path


async def ask(it: Gatewayed, text: str = "hi", **more: Any) -> int:
    client = await it.http()
    body = {"model": CLAUDE, "messages": [{"role": "user", "content": text}], "max_tokens": 30, **more}
    return (await client.post("/v1/chat/completions", json=body)).status_code


async def test_health_is_open_and_says_nothing_of_accounts(claude: Gatewayed) -> None:
    client = await claude.http(authorization="")
    answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "service", "version"}


async def test_status_is_what_rota_status_prints(claude: Gatewayed) -> None:
    await ask(claude)
    client = await claude.http()
    document = (await client.get("/rota/status")).json()
    assert [a["label"] for a in document["accounts"]] == ["console"]
    assert claude.key not in json.dumps(document)


async def test_events_come_live_as_the_log_keeps_them(claude: Gatewayed) -> None:
    client = await claude.http()
    async with client.stream("GET", "/rota/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith(": rota events")
        asking = asyncio.create_task(ask(claude, "[[tokens=5]] do not tell anybody"))
        seen, name = [], ""
        async for line in lines:
            kind, _, body = line.partition(": ")
            if kind == "event":
                name = body
            elif kind == "data":
                assert "tell anybody" not in body
                event = decode(name, body)
                assert event is not None
                seen.append(type(event))
                if isinstance(event, RequestServed):
                    break
        await asking
    assert RequestStarted in seen
    secret = next(c["secret"] for c in claude.simulator.credentials)
    assert secret not in str(claude.heard(RequestServed))


def value(text: str, name: str) -> float:
    """The value of one line of Prometheus text."""
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def test_metrics_count_requests_tokens_latency_and_errors_by_model(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, two_keys) as it:
        for _ in range(3):
            assert await ask(it) == 200
        it.force(Fault("bad-request", path="/v1/messages"))
        assert await ask(it) == 400
        it.force(Fault("overloaded", path="/v1/messages"))
        assert await ask(it) == 200
        client = await it.http()
        await until(lambda: len(it.served()) == 4 and it.failed())
        answer = await client.get("/metrics")
        text = answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        model = f'provider="anthropic",model="{CLAUDE}"'
        assert value(text, f'rota_requests_total{{{model},client="default"}}') == 4
        assert value(text, f'rota_tokens_total{{{model},direction="output"}}') > 0
        assert value(text, f"rota_request_seconds_count{{{model}}}") == 4
        for quantile in ("0.5", "0.95"):
            assert value(text, f'rota_request_seconds{{{model},quantile="{quantile}"}}') > 0
            assert value(text, f'rota_first_content_seconds{{{model},quantile="{quantile}"}}') > 0
            assert value(text, f'rota_tokens_per_second{{{model},quantile="{quantile}"}}') > 0
        asked = f'provider="anthropic",model="anthropic/{CLAUDE}"'
        assert value(text, f'rota_request_failures_total{{{asked},class="bad-request"}}') == 1
        assert value(text, f'rota_attempt_failures_total{{{model},class="overloaded"}}') == 1
        assert value(text, 'rota_account_ready{account="first"}') == 1
        assert value(text, "rota_requests_in_flight") == 0


def test_every_line_of_the_metrics_is_one_that_prometheus_reads() -> None:
    metrics = Metrics(10)
    metrics.note(
        [RequestServed(at=1, request_id="r", account_id="a", provider="p", model='a"b\\c\nd', requested_model="m")]
    )
    text = metrics.text(Snapshot(), 1.0)
    assert 'model="a\\"b\\\\c\\nd"' in text
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or line.rpartition(" ")[2].replace(".", "").isdigit()


async def test_a_request_can_be_looked_up_by_the_id_its_caller_got(claude: Gatewayed) -> None:
    client = await claude.http()
    body = {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}]}
    answer = await client.post("/v1/chat/completions", json=body)
    story = await claude.engine.why(answer.headers["x-request-id"])
    assert [type(e) for e in story][-1] is RequestServed


async def test_the_log_tells_when_a_gateway_begins_and_ends(claude: Gatewayed) -> None:
    await claude.engine.stop_gateway()
    assert [type(e) for e in await claude.engine.recent(50) if isinstance(e, GatewayStarted | GatewayStopped)] == [
        GatewayStarted,
        GatewayStopped,
    ]
    assert not any(g.running for g in claude.engine.snapshot.gateways.values())


async def test_a_second_gateway_on_the_port_is_told_about_the_first(claude: Gatewayed) -> None:
    from rota.gateway.server import Gateway

    with pytest.raises(PortTaken, match="Another rota") as raised:
        await Gateway(claude.engine).start(port=claude.gateway.port)
    assert raised.value.port == claude.gateway.port
    assert f"http://127.0.0.1:{claude.gateway.port}/v1" in raised.value.hint


async def test_an_address_that_others_reach_needs_the_setting(tmp_path: Path) -> None:
    from rota.errors import UsageError

    with pytest.raises(UsageError, match=r"gateway\.host"):
        async with gatewayed(tmp_path, gateway={"port": 0, "host": "0.0.0.0"}):
            pass


async def test_with_the_setting_other_names_are_answered_to_and_web_pages_still_are_not(tmp_path: Path) -> None:
    async with gatewayed(tmp_path, gateway={"port": 0, "allow_remote": True}) as it:
        client = await it.http(host="box.lan:7682")
        assert (await client.get("/v1/models")).status_code == 200
        assert (await client.get("/v1/models", headers={"authorization": ""})).status_code == 401
        assert (await client.get("/v1/models", headers={"origin": "http://box.lan"})).status_code == 403
