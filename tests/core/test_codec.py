"""Events and snapshots survive being written down, and what a newer rota wrote is met with grace."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.facts import any_event, histories
from tests.support.pool_facts import NOW, added, after, seen, window

from rota import codec
from rota.account import Account, Kind
from rota.choice import Candidate
from rota.codec import decode, decode_snapshot, encode, encode_snapshot
from rota.errors import Attempt, Meaning
from rota.events import AccountAdded, AccountLabelled, CooldownStarted, Event, RequestServed
from rota.snapshot import Sample, Snapshot

LABELLED = AccountLabelled(at=NOW, id="1", account_id="work", label="home")
ALLOWANCE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@ALLOWANCE
@given(any_event())
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(*encode(event)) == event


@ALLOWANCE
@given(histories())
def test_a_snapshot_comes_back_as_it_was(history: list[Event]) -> None:
    snapshot = after(*history)
    written = encode_snapshot(snapshot)
    assert decode_snapshot(written) == snapshot
    snapshot.listed()  # looking changes nothing
    assert encode_snapshot(snapshot) == written


def test_the_empty_snapshot_comes_back_as_it_was() -> None:
    assert decode_snapshot(encode_snapshot(Snapshot())) == Snapshot()
    assert math.isinf(decode_snapshot("{}").latest)


def test_a_body_is_readable_and_holds_only_what_was_said() -> None:
    assert encode(LABELLED) == (
        "AccountLabelled",
        f'{{"at":{NOW},"id":"1","account_id":"work","label":"home"}}',
    )


def test_candidates_that_were_written_as_records_are_read() -> None:
    served = RequestServed(
        at=NOW, request_id="r", account_id="a", provider="puter", model="m", requested_model="m",
        candidates=(Candidate("a", 0.5, "half used"), Candidate("b", 1e12, "paid by use")),
    )  # fmt: skip
    kind, body = encode(served)
    said = json.loads(body)
    assert said["candidates"] == [["a", 0.5, "half used"], ["b", 1e12, "paid by use"]]
    said["candidates"] = [dict(zip(Candidate._fields, row, strict=True)) for row in said["candidates"]]
    assert decode(kind, json.dumps(said)) == served


@pytest.mark.parametrize("there", [True, False])
def test_a_body_is_what_json_writes_with_its_compiled_half_and_without(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not there:
        monkeypatch.setattr("json.encoder.c_make_encoder", None)
    body = {"text": 'é "\\\n\x1f\u2028\ud800', "1": [1e22, 0.1, -0.0, 1, True, None], "inf": [math.inf, [], {}]}
    written = codec._kept_encoder()(body)
    assert written == json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def test_a_body_is_written_where_json_calls_its_compiled_half_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def newer(*, indent: str) -> None:
        """Takes what no json of today gives."""

    with monkeypatch.context() as patched:
        patched.setattr("json.encoder.c_make_encoder", newer)
        write = codec._kept_encoder()
    assert write({"a": [1]}) == '{"a":[1]}'


def test_nested_values_keep_their_types() -> None:
    event = RequestServed(
        at=NOW,
        request_id="r",
        account_id="a",
        provider="puter",
        model="m",
        requested_model="m",
        attempts=(Attempt("b", "B", "m", Meaning.THROTTLED, "slow down", 429),),
    )
    back = decode(*encode(event))
    assert isinstance(back, RequestServed)
    assert isinstance(back.attempts[0].meaning, Meaning)


def test_fields_of_a_newer_rota_are_passed_over() -> None:
    kind, body = encode(LABELLED)
    assert decode(kind, json.dumps({**json.loads(body), "colour": "red"})) == LABELLED


def test_fields_that_an_older_rota_did_not_know_get_their_default() -> None:
    account = Account("work", "puter", Kind.PUTER, "id", "work")
    event = AccountAdded(at=NOW, id="1", account=account)
    body = {
        "at": NOW,
        "id": "1",
        "account": {"id": "work", "provider": "puter", "kind": "puter", "identity": "id", "label": "work"},
    }
    assert decode("AccountAdded", json.dumps(body)) == event


UNREADABLE = {
    "a kind of a newer rota": ("AccountPainted", "{}"),
    "a value of a newer rota": (
        "CooldownStarted",
        encode(CooldownStarted(at=NOW, account_id="a", until=NOW, meaning=Meaning.LIMITED, reason=""))[1].replace(
            "limited", "bewitched"
        ),
    ),
    "no JSON": ("AccountLabelled", "{"),
    "another shape": ("AccountLabelled", "[1, 2]"),
    "nothing of what it needs": ("AccountLabelled", "{}"),
    "deeper than JSON may be": ("AccountLabelled", "[" * 100_000),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_no_event(case: str) -> None:
    assert decode(*UNREADABLE[case]) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"accounts": 3}', '{"accounts": {"a": {}}}', '{"latest": 1, "active"']
)
def test_a_damaged_checkpoint_says_so(text: str) -> None:
    with pytest.raises(ValueError):
        decode_snapshot(text)


def test_a_row_of_numbers_from_a_newer_rota_is_cut_to_what_is_known() -> None:
    snapshot = after(added("work"), seen("work", window("5h", 0.5)))
    data = json.loads(encode_snapshot(snapshot))
    data["accounts"]["work"]["history"]["5h"][0].append("more")
    data["news"] = True
    assert decode_snapshot(json.dumps(data)) == snapshot


def test_a_row_of_numbers_from_an_older_rota_has_the_rest_at_its_default() -> None:
    snapshot = after(added("work"), seen("work", window("5h", 0.5)))
    data = json.loads(encode_snapshot(snapshot))
    at, utilization, resets_at, _ = data["accounts"]["work"]["history"]["5h"][0]
    data["accounts"]["work"]["history"]["5h"] = [[at, utilization, resets_at]]
    (sample,) = decode_snapshot(json.dumps(data)).accounts["work"].history["5h"]
    assert sample == Sample(at, utilization, resets_at)


def test_foreign_text_is_only_text() -> None:
    event = replace(LABELLED, label="[/foo] 😀 \u202e \x1b[31m \ud800")
    assert decode(*encode(event)) == event
