"""Events told as sentences."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from tests.support.facts import any_event

from rota.account import Account, Health, Kind
from rota.errors import Attempt, Meaning
from rota.events import (
    AccountAdded,
    AccountPinned,
    AccountSwitched,
    AttemptFailed,
    CooldownLifted,
    CooldownStarted,
    Event,
    GatewayStarted,
    HealthChanged,
    QuotaObserved,
    RequestServed,
    RequestStarted,
    UsagePolled,
)
from rota_tui.pieces import Tone, plain
from rota_tui.telling import sentence
from rota_tui.wording import short_model

NOW = 1_800_014_400.0
LABELS = {"a": "work", "b": "[/b] lab"}


def told(event: Event) -> str | None:
    said = sentence(event, lambda account_id: LABELS.get(account_id, account_id), UTC)
    return plain(said.line) if said is not None else None


ADDED = Account(id="a", provider="anthropic", kind=Kind.API_KEY, identity="x", label="work")
FAILED = Attempt("a", "work", "claude-opus-5", Meaning.LIMITED, "5h limit")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (AccountAdded(at=NOW, account=ADDED), "work added, Anthropic"),
        (
            AccountSwitched(at=NOW, provider="anthropic", account_id="b", previous_id="a", reason="5h spent"),
            "[/b] lab took over from work: 5h spent",
        ),
        (
            AccountSwitched(at=NOW, provider="anthropic", account_id="a", previous_id=None, reason="the only one"),
            "work serves new sessions: the only one",
        ),
        (
            CooldownStarted(at=NOW, account_id="a", until=NOW + 600, meaning=Meaning.LIMITED, reason="x"),
            "work cooling until 12:10: limited",
        ),
        (
            CooldownStarted(
                at=NOW, account_id="a", until=NOW + 60, meaning=Meaning.MODEL_LIMITED, reason="x", model="opus"
            ),
            "opus on work cooling until 12:01: model limited",
        ),
        (
            CooldownLifted(at=NOW, account_id="a", reason="lifted by you"),
            "work's cooldown ended early: lifted by you",
        ),
        (
            AttemptFailed(at=NOW, request_id="r", provider="anthropic", attempt=FAILED, next_step="next account"),
            "work did not serve claude-opus-5: next account",
        ),
        (
            HealthChanged(at=NOW, account_id="a", health=Health.NEEDS_LOGIN, reason="token refused"),
            "work needs a sign-in: token refused",
        ),
        (AccountPinned(at=NOW, provider="puter", account_id="b"), "[/b] lab pinned for Puter"),
        (AccountPinned(at=NOW, provider="puter", account_id=None), "Puter unpinned"),
        (
            GatewayStarted(at=NOW, process="p", host="127.0.0.1", port=7682, pid=1),
            "gateway listens on 127.0.0.1:7682",
        ),
        (
            UsagePolled(at=NOW, account_id="a", next_at=NOW + 60, problem="read budget spent"),
            "work gave no new figures: read budget spent",
        ),
        # what only moves figures is not told
        (UsagePolled(at=NOW, account_id="a", next_at=NOW + 60), None),
        (QuotaObserved(at=NOW, account_id="a", windows=()), None),
        (RequestStarted(at=NOW, request_id="r", account_id="a", provider="anthropic", model="m"), None),
    ],
)
def test_an_event_is_told_in_words(event: Event, text: str | None) -> None:
    assert told(event) == text


def served(model: str, requested: str) -> RequestServed:
    return RequestServed(
        at=NOW,
        request_id="r",
        account_id="a",
        provider="puter",
        model=model,
        requested_model=requested,
        client="opencode",
        duration=3.21,
    )


@pytest.mark.parametrize(
    ("model", "requested", "text"),
    [
        ("gpt-5-nano", "puter/gpt-5-nano", "work answered gpt-5-nano for opencode in 3.2 s"),
        ("claude-x-20260101", "claude-x", "work answered claude-x-20260101 for opencode in 3.2 s"),
        ("devstral", "puter/mimo", "work answered devstral instead of mimo for opencode in 3.2 s"),
    ],
)
def test_another_model_than_asked_for_is_said(model: str, requested: str, text: str) -> None:
    assert told(served(model, requested)) == text


def test_the_same_kind_of_answer_can_be_counted() -> None:
    first, second = (sentence(served("m", "m"), str, UTC) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.same_as == second.same_as != ()


@given(any_event())
def test_any_event_is_told_on_one_line_or_not_at_all(event: Event) -> None:
    said = sentence(event, str, UTC)
    assert said is None or (
        said.tone in Tone and plain(said.line).replace("\u200c", "").replace("\u200d", "").isprintable()
    )


def test_where_lines_are_short_a_model_goes_without_its_maker_and_its_date() -> None:
    failed = AttemptFailed(
        at=NOW,
        request_id="r",
        provider="puter",
        attempt=Attempt("a", "work", "openrouter:xiaomi/mimo-v2-flash:free", Meaning.MODEL_LIMITED, "limit"),
        next_step="the model is limited for everybody; no other can serve now",
    )
    said = sentence(failed, lambda _: "work", UTC, called=short_model)
    assert said is not None
    assert plain(said.line) == (
        "work did not serve mimo-v2-flash:free: the model is limited for everybody; no other can serve now"
    )
    assert short_model("anthropic/claude-opus-4-5-20251101") == "claude-opus-4-5"
    assert short_model("gpt-5-nano") == "gpt-5-nano"
