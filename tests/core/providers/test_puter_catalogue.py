"""Model records of every vendor become models with dollar prices."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.puter_captures import capture

from rota.providers.base import Model
from rota.providers.puter.catalogue import models


def _model(**entry: Any) -> Model:
    (model,) = models({"models": [{"id": "m", **entry}]})
    return model


def _prices(costs: object, **entry: Any) -> tuple[float | None, float | None]:
    model = _model(costs=costs, **entry)
    return model.input_usd, model.output_usd


def test_the_captured_catalogue_is_read_whole() -> None:
    found = models(capture("models-details").json)
    assert len(found) == len(capture("models-details").json["models"])
    by_id = {model.id: model for model in found}
    assert by_id["claude-haiku-4-5-20251001"] == Model(
        id="claude-haiku-4-5-20251001",
        provider="puter",
        name="Claude Haiku 4.5",
        context=200_000,
        max_output=64_000,
        input_usd=1.0,
        output_usd=5.0,
        tools=True,
        vision=True,
        vendor="claude",
        aliases=(
            "claude-haiku",
            "claude-4-5-haiku",
            "claude-haiku-4-5",
            "claude-haiku-4.5",
            "claude-haiku-latest",
            "claude-haiku-4.5-latest",
            "anthropic/claude-haiku-4-5",
            "anthropic:anthropic/claude-haiku-4-5",
        ),
    )
    assert (by_id["gpt-4o-mini"].input_usd, by_id["gpt-4o-mini"].output_usd) == (0.15, 0.6)
    assert by_id["o3-mini"].vision is False
    assert [model.id for model in found if model.free] == ["ollama:ollama/stub-model"]


def test_every_listed_id_is_an_id_or_an_alias_in_the_details() -> None:
    known = {name for model in models(capture("models-details").json) for name in (model.id, *model.aliases)}
    assert set(capture("models").json["models"]) <= known


@pytest.mark.parametrize(
    ("costs", "prices"),
    [
        # OpenRouter's keys; by request costs nothing here.
        ({"tokens": 1_000_000, "prompt": 250, "completion": 1000, "request": 0}, (2.5, 10.0)),
        # Cents per thousand tokens.
        ({"tokens": 1000, "input_tokens": 1, "output_tokens": 2}, (10.0, 20.0)),
        # Free: every rate is zero, under whatever names.
        ({"tokens": 1_000_000, "input_token": 0, "output_token": 0}, (0.0, 0.0)),
        ({"tokens": 1_000_000, "odd": 0}, (0.0, 0.0)),
        # Paid by request: not free, and no price for tokens to tell.
        ({"tokens": 1_000_000, "prompt": 0, "completion": 0, "request": 5}, (None, None)),
        # "It depends" is a negative price on OpenRouter.
        ({"tokens": 1_000_000, "prompt": -1, "completion": -1}, (None, None)),
        # Free to ask, paid to answer.
        ({"tokens": 1_000_000, "prompt": 0, "completion": 100}, (0.0, 1.0)),
        ({}, (None, None)),
        ({"tokens": 1_000_000}, (None, None)),
        (None, (None, None)),
        ({"prompt_tokens": "12"}, (None, None)),
    ],
)
def test_prices_are_dollars_per_million_tokens(costs: object, prices: tuple[float | None, float | None]) -> None:
    assert _prices(costs) == prices


def test_the_record_says_which_of_its_rates_are_meant() -> None:
    costs = {"tokens": 1_000_000, "input_tokens": 100, "text_in": 300, "text_out": 900}
    assert _prices(costs, input_cost_key="text_in", output_cost_key="text_out") == (3.0, 9.0)


def test_what_a_record_does_not_say_is_unknown() -> None:
    assert _model() == Model(id="m", provider="puter", name="m")
    assert (
        _model(max_tokens=None, context=0, tool_call="yes", modalities={"output": ["text"]}, aliases="x") == _model()
    )


def test_a_nameless_model_goes_by_the_end_of_its_id() -> None:
    assert _model(id="openrouter:deepseek/deepseek-r1:free").name == "deepseek-r1:free"


def test_a_model_for_subscribers_says_so() -> None:
    assert _model(subscriberOnly=True).paid_only


def test_odd_records_are_left_out_and_the_rest_stays() -> None:
    found = models({"models": [None, 5, {}, {"id": ""}, {"id": 7}, {"id": "good"}]})
    assert [model.id for model in found] == ["good"]
    assert models({}) == models({"models": "none"}) == ()
