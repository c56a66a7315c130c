"""Windows, buckets, prompts and replies of the simulator, without HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.clock import ManualClock
from rota.simulator.answers import ToolCall, compose, read_directives, split
from rota.simulator.prompts import read_prompt
from rota.simulator.stream import Pace
from rota.simulator.windows import Bucket, RollingCount, Window


def test_a_window_opens_at_first_use_and_closes_at_its_reset() -> None:
    window = Window(seconds=100, capacity=10)
    assert (window.utilization(0), window.resets_at) == (0, None)
    window.spend(50, 12)
    assert window.is_spent(149)
    assert window.resets_at == 150
    assert not window.is_spent(150)
    assert window.resets_at is None


def test_a_filled_window_keeps_its_reset_unless_told() -> None:
    window = Window(seconds=100, capacity=10)
    window.fill(0, 0.5)
    window.fill(10, 0.7)
    assert (window.used, window.resets_at) == (7, 100)
    window.fill(10, 0.2, resets_in=5)
    assert window.resets_at == 15


def test_a_bucket_refills_evenly_and_never_overflows() -> None:
    bucket = Bucket(60)
    bucket.take(0, 60)
    assert bucket.remaining(0) == 0
    assert bucket.wait_for(0, 5) == pytest.approx(5)
    assert bucket.remaining(10) == 10
    assert bucket.remaining(1000) == 60
    assert bucket.full_at(1000) == 1000


def test_a_rolling_count_forgets_what_is_old() -> None:
    count = RollingCount(10)
    for moment in (0, 5, 9):
        count.add(moment)
    assert [count.count(moment) for moment in (9, 10, 15, 19)] == [3, 2, 1, 0]


@given(st.text())
def test_tokens_join_to_the_text_they_were_cut_from(text: str) -> None:
    assert "".join(split(text)) == text


DIRECTIVES: list[tuple[str, dict[str, Any]]] = [
    ("[[tokens=12]] and [[status=429]]", {"tokens": 12, "status": 429}),
    ("[[tokens=12]] [[form=code]]", {"tokens": 12, "form": "code"}),
    ("[[form=verse]]", {"form": ""}),
    ("[[drop]][[cut]][[error]]", {"drop": True, "cut": True, "error": True}),
    ("[[think]]", {"think": 60}),
    ("[[think=5]]", {"think": 5}),
    ('[[tool=a.b-c:{"x":"]]"}]]', {"calls": (ToolCall("a.b-c", {"x": "]]"}),)}),
    # broken ones are ordinary text
    ("[[tool=f:{bad]] [[tool=f:[1]]] [[tokens=x]]", {"tokens": None, "calls": ()}),
]


@pytest.mark.parametrize(("text", "expected"), DIRECTIVES)
def test_a_prompt_can_give_orders(text: str, expected: dict[str, Any]) -> None:
    found = read_directives(text)
    assert {name: getattr(found, name) for name in expected} == expected


PROMPTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"messages": ["just text"]}, {"last": "just text"}),
    ({"messages": [{"content": ["a", {"text": "b"}]}]}, {"last": "a\nb"}),
    ({"messages": [{"role": "tool", "content": "[[cut]]"}]}, {"last": "", "results": 1}),
    ({"messages": [{"role": "user", "content": [{"type": "image"}, {"image_url": {}}]}]}, {"images": 2}),
    # Claude Code puts a system message behind what its person typed.
    ({"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}, {"last": "a"}),
    ({"messages": [], "tool_choice": "required"}, {"forced": "*"}),
    ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"forced": "f"}),
    ({"tool_choice": "none"}, {"forbidden": True, "forced": None}),
    ({"system": [{"type": "text", "text": "12345678"}]}, {"characters": 8, "tokens": 2}),
    ({"messages": "nonsense", "tools": [1, {"function": {}}]}, {"tools": (), "last": ""}),
]


@pytest.mark.parametrize(("body", "expected"), PROMPTS)
def test_prompts_of_both_dialects_are_read(body: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read_prompt(body)
    assert {name: getattr(found, name) for name in expected} == expected


@given(st.text(), st.integers(1, 60), st.integers())
def test_a_reply_never_exceeds_its_limit_and_never_differs(text: str, limit: int, seed: int) -> None:
    prompt = read_prompt({"messages": [{"role": "user", "content": text}]})
    one, two = (compose(prompt, model="m", seed=seed, max_tokens=limit, thinking=True) for _ in range(2))
    assert one == two
    assert len(one.thinking) + len(one.text) <= limit
    assert one.stopped != "length" or len(one.thinking) + len(one.text) == limit


FORMS: list[tuple[str, tuple[str, ...]]] = [
    ("mixed", ("\n- **first**: ", "```sh\n", "\n\n")),
    ("code", ("```python\ndef step_0", "def step_9")),
]


@pytest.mark.parametrize(("form", "expected"), FORMS)
def test_long_answers_can_be_asked_for_in_a_form(form: str, expected: tuple[str, ...]) -> None:
    asked = {"messages": [{"role": "user", "content": f"[[tokens=900]] [[form={form}]]"}]}
    reply = compose(read_prompt(asked), model="m", seed=1)
    assert len(reply.text) == 900
    assert all(part in "".join(reply.text) for part in expected)


class _Late(ManualClock):
    """A clock whose sleepers wake a tenth of a second late."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await self.advance(seconds + 0.1)


async def test_a_model_makes_up_for_sleeps_that_took_too_long() -> None:
    pace = Pace(_Late(0.0), tokens_per_second=100.0)
    for _ in range(1000):
        await pace.spoke(1)
    assert pace.clock.monotonic() == pytest.approx(10.0, abs=0.15)
