"""What the simulator answers has the status, media type and keys of what a real Puter server answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.puter_captures import NAMES, Capture, capture
from tests.support.simulated import lines_of, puter, reach

from rota.simulator import World, set_account

if TYPE_CHECKING:
    from collections.abc import Callable


API = "/puter-api"


def as_it_is(world: World) -> None:
    assert world.name == "default"


def session_token(world: World) -> None:
    account = world.puter["dave"]
    account.tokens.clear()
    world.mint_puter(account, "session")


def worn(world: World) -> None:
    """An account with a little usage this month, as the captured ones had."""
    account = world.puter["carol"]
    account.calls = 3
    account.charge("claude:claude-sonnet-4-5-20250929:input_tokens", 11, 3300)
    account.charge("openai:gpt-4.1:prompt_tokens", 11, 2200.5)


def spent(world: World) -> None:
    worn(world)
    set_account(world, "carol", {"remaining": 0})


def busy(world: World) -> None:
    world.puter["carol"].running = 3


def hurried(world: World) -> None:
    for _ in range(30):
        world.puter["carol"].recent.add(world.now())


def unconfirmed(world: World) -> None:
    set_account(world, "carol", {"gates": ["email"]})


# capture: the account that asks, and what state it is in
STATES: dict[str, tuple[str | None, Callable[[World], None]]] = {
    "chat-exhausted": ("carol", spent),
    "chat-exhausted-stream": ("carol", spent),
    "chat-no-token": (None, as_it_is),
    "chat-too-many-concurrent": ("carol", busy),
    "chat-too-many-requests": ("carol", hurried),
    "chat-unconfirmed-email": ("carol", unconfirmed),
    "compat-session-token": ("dave", session_token),
    "metering-unconfirmed-email": ("carol", unconfirmed),
    "metering-usage": ("carol", worn),
    "metering-usage-exhausted": ("carol", spent),
    "metering-usage-guest": ("patient_door_615887", as_it_is),
    "models-details": (None, as_it_is),
    "whoami-guest": ("patient_door_615887", as_it_is),
    "whoami-no-token": (None, as_it_is),
    "whoami-unconfirmed-email": ("carol", unconfirmed),
}


async def answer_to(world: World, given: Capture) -> Any:
    label, prepare = STATES.get(given.name, ("carol", as_it_is))
    prepare(world)
    headers = {name: value for name, value in given.sent_headers.items() if name not in ("host", "authorization")}
    if label is not None:
        headers["authorization"] = puter(world, label)["authorization"]
    if given.name == "whoami-bad-token":
        headers["authorization"] = "Bearer an-old-token"
    async with reach(world) as client:
        return await client.request(given.method, API + given.path, headers=headers, content=given.sent)


def shape(value: Any) -> Any:
    """A JSON value's keys and types; what is keyed by names of files or models is one entry."""
    if isinstance(value, dict):
        record = dict(value)
        for key in [key for key in record if key.startswith("/") or key.count(":") >= 1]:
            record["*"] = record.pop(key)
        return {key: shape(item) for key, item in record.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "text"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "README"])
async def test_an_answer_has_the_shape_of_the_captured_one(name: str, world: World) -> None:
    given = capture(name)
    answer = await answer_to(world, given)

    assert answer.status_code == given.status
    assert answer.headers["content-type"] == given.headers["content-type"]
    assert answer.headers.get("x-needs-upgrade") == given.headers.get("x-needs-upgrade")
    if given.is_stream:
        theirs = {line["type"]: shape(line) for line in lines_of(given.body.decode())}
        ours = [shape(line) for line in lines_of(answer.text)]
        kinds = [line["type"] for line in lines_of(answer.text)]
        assert all(line == theirs[kind] for kind, line in zip(kinds, ours, strict=True))
        assert kinds[-1] == lines_of(given.body.decode())[-1]["type"]
        assert set(kinds) == set(theirs)
    elif given.status >= 400:
        assert answer.json() == given.json
    elif name == "models":
        assert set(given.json["models"]) <= set(answer.json()["models"])
    elif name != "models-details":  # compared model by model below
        assert shape(answer.json()) == shape(given.json)


def test_every_capture_is_compared() -> None:
    assert set(STATES) < set(NAMES)
    assert len(NAMES) > 40


def test_the_vendors_own_models_are_the_captured_ones(world: World) -> None:
    ours = {model["id"]: model for model in world.catalogue.details["models"]}
    for theirs in capture("models-details").json["models"]:
        model = dict(ours[theirs["id"]])
        model.pop("subscriberOnly", None)  # what a free account may not use is a choice of ours
        assert model.keys() == theirs.keys(), theirs["id"]
        assert {key: model[key] for key in theirs if key != "aliases"} == {
            key: theirs[key] for key in theirs if key != "aliases"
        }
        assert theirs.get("puterId") in model.get("aliases", [None])
