"""Decides what a simulated model says: text, thinking, tool calls; the same for the same prompt and seed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rota.simulator.phrases import CLOSINGS, CODE, GREETINGS, LOREM, OPENINGS, SENTENCES, THOUGHTS

if TYPE_CHECKING:
    from rota.simulator.prompts import Prompt, Tool

_TOKEN = re.compile(r"\s*\w{1,7}|\s*[^\w\s]|\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NO_TOPIC = frozenset(
    re.findall(
        r"\w+",
        "what which when where there that this they with does have from only give gives make makes should would "
        "could show write need your",
    )
)
"""Words of four letters and more that nothing is said about."""
_NUMBER = re.compile(r"\[\[(tokens|status|think)=(\d+)\]\]")
_FLAG = re.compile(r"\[\[(drop|cut|error|think)\]\]")
_FORM = re.compile(r"\[\[form=(mixed|code)\]\]")
_CALL = re.compile(r"\[\[tool=([\w.-]+):")

Stopped = Literal["end", "length", "tools", "sequence"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool the model asks for."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Directives:
    """Orders to the simulator inside a prompt: `[[tokens=2000]]`, `[[status=429]]`, `[[tool=NAME:{json}]]` …"""

    tokens: int | None = None
    form: str = ""
    """What those tokens are: `mixed` prose, lists and code, or one block of `code`; sentences without it."""
    status: int | None = None
    think: int | None = None
    drop: bool = False
    """The upstream breaks off after the first words."""
    cut: bool = False
    """The connection breaks after the first words."""
    error: bool = False
    """An error is reported after the first words."""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model will say, as tokens; joined, they are the text."""

    thinking: tuple[str, ...]
    text: tuple[str, ...]
    calls: tuple[ToolCall, ...]
    stopped: Stopped
    stop_sequence: str | None = None

    @property
    def output_tokens(self) -> int:
        arguments = sum(len(split(json.dumps(dict(call.arguments)))) + 8 for call in self.calls)
        return max(1, len(self.thinking) + len(self.text) + arguments)


def split(text: str) -> list[str]:
    """Cut a text into tokens that join to it again."""
    return _TOKEN.findall(text)


def read_directives(text: str) -> Directives:
    """Find the orders in a prompt; a broken one is ordinary text."""
    numbers = {name: int(value) for name, value in _NUMBER.findall(text)}
    flags = set(_FLAG.findall(text))
    form = _FORM.search(text)
    calls = []
    for found in _CALL.finditer(text):
        try:
            arguments, end = json.JSONDecoder().raw_decode(text, found.end())
        except json.JSONDecodeError:
            continue
        if isinstance(arguments, dict) and text.startswith("]]", end):
            calls.append(ToolCall(found.group(1), arguments))
    return Directives(
        tokens=numbers.get("tokens"),
        form=form[1] if form else "",
        status=numbers.get("status"),
        think=numbers.get("think", 60 if "think" in flags else None),
        drop="drop" in flags,
        cut="cut" in flags,
        error="error" in flags,
        calls=tuple(calls),
    )


def compose(
    prompt: Prompt,
    *,
    model: str,
    seed: int,
    max_tokens: int | None = None,
    thinking: bool = False,
    parallel: bool = True,
    stops: Sequence[str] = (),
) -> Reply:
    """Answer a prompt: the same prompt, model and seed always give the same reply.

    Args:
        stops: what the model stops before saying.
    """
    rng = random.Random(f"{seed}|{model}|{prompt.last}|{prompt.results}")
    orders = read_directives(prompt.last)
    calls = orders.calls or _calls_asked_for(prompt, rng)
    if prompt.forbidden:
        calls = ()
    if not parallel:
        calls = calls[:1]
    thoughts: list[str] = []
    if thinking or orders.think:
        thoughts = _exactly(THOUGHTS, orders.think or 24 + rng.randrange(40), rng)
    text = _tokens_of_text(prompt, orders, rng, brief=bool(calls))
    stopped: Stopped = "tools" if calls else "end"
    said = "".join(text)
    found = {stop: said.find(stop) for stop in stops if stop in said}
    sequence = min(found, key=lambda stop: found[stop] + len(stop), default=None)
    if sequence is not None:
        text, calls, stopped = split(said[: found[sequence]]), (), "sequence"
    if max_tokens is not None and len(thoughts) + len(text) > max_tokens:
        thoughts = thoughts[:max_tokens]
        text = text[: max_tokens - len(thoughts)]
        calls, stopped, sequence = (), "length", None
    return Reply(tuple(thoughts), tuple(text), calls, stopped, sequence)


def lorem(rng: random.Random) -> str:
    """What Puter answers to a prompt it blocked."""
    sentences = []
    for _ in range(4 + rng.randrange(5)):
        words = rng.choices(LOREM, k=9 + rng.randrange(9))
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)


def _tokens_of_text(prompt: Prompt, orders: Directives, rng: random.Random, *, brief: bool) -> list[str]:
    if orders.tokens is not None:
        return _long(orders.form, orders.tokens, rng)
    if brief:
        return split("Let me look that up.")
    if prompt.results:
        return split(rng.choice(OPENINGS) + "the tool answered, and its result is what I would expect here.")
    words = _WORD.findall(re.sub(r"\[\[.*?\]\]", "", prompt.last))
    topics = [word for word in words if word.casefold() not in _NO_TOPIC] or words or ["that"]
    unsaid = rng.sample(SENTENCES, len(SENTENCES))  # none is said twice in an answer: there are more than it takes
    if len(prompt.last.split()) <= 2 and not prompt.images:
        return split(rng.choice(GREETINGS))
    paragraphs = [_begun(rng.choice(OPENINGS), _sentence(unsaid, rng, topics))]
    if prompt.images:
        noun = "image" if prompt.images == 1 else "images"
        paragraphs.insert(0, f"I can see {prompt.images} {noun} in this conversation.")
    paragraphs.extend(
        " ".join(_sentence(unsaid, rng, topics) for _ in range(1 + rng.randrange(3)))
        for _ in range(1 + rng.randrange(2))
    )
    if rng.random() < 0.5:
        paragraphs.append(f"- **{rng.choice(topics)}**: {_sentence(unsaid, rng, topics)}")
    if rng.random() < 0.4:
        paragraphs.append(rng.choice(CODE).replace("TOPIC", topics[-1].lower()))
    paragraphs.append(rng.choice(CLOSINGS))
    return split("\n\n".join(paragraphs))


def _sentence(unsaid: list[str], rng: random.Random, topics: list[str]) -> str:
    said = unsaid.pop().replace("TOPIC", rng.choice(topics))
    return said[0].upper() + said[1:]


def _begun(opening: str, sentence: str) -> str:
    """A sentence goes on where its opening did not end."""
    return opening + (sentence if opening.rstrip().endswith(".") else sentence[0].lower() + sentence[1:])


def _long(form: str, count: int, rng: random.Random) -> list[str]:
    """So many tokens of one form."""
    if not form:
        return _exactly(SENTENCES, count, rng)
    tokens = split("```python\n") if form == "code" else []
    step = 0
    while len(tokens) < count:
        tokens += split(_function(step) if form == "code" else _section(step, rng))
        step += 1
    return tokens[:count]


def _function(step: int) -> str:
    return f"def step_{step}(items: list[int]) -> int:\n    return sum(items) + {step}  # one more\n\n"


def _section(step: int, rng: random.Random) -> str:
    """Paragraphs, a list and code."""
    paragraphs = [" ".join(rng.sample(SENTENCES, 4)) for _ in range(3)]
    points = "\n".join(f"- **{word}**: {rng.choice(SENTENCES)}" for word in ("first", "second", "third"))
    return "\n\n".join([*paragraphs, points, CODE[step % len(CODE)], ""]).replace("TOPIC", "this")


def _exactly(sentences: tuple[str, ...], count: int, rng: random.Random) -> list[str]:
    tokens: list[str] = []
    while len(tokens) < count:
        tokens.extend(split((" " if tokens else "") + rng.choice(sentences).replace("TOPIC", "this")))
    return tokens[:count]


def _calls_asked_for(prompt: Prompt, rng: random.Random) -> tuple[ToolCall, ...]:
    """Call the tools that must be called, or those the prompt names."""
    if prompt.results or not prompt.tools:
        return ()
    wanted = [tool for tool in prompt.tools if prompt.forced == tool.name]
    if prompt.forced == "*":
        wanted = [prompt.tools[0]]
    if not wanted and prompt.forced is None:
        wanted = [tool for tool in prompt.tools if re.search(rf"\b{re.escape(tool.name)}\b", prompt.last)]
    return tuple(ToolCall(tool.name, _arguments(tool, prompt, rng)) for tool in wanted)


def _arguments(tool: Tool, prompt: Prompt, rng: random.Random) -> dict[str, Any]:
    """Arguments that fit the tool's schema, with words of the prompt where text is wanted."""
    properties = tool.schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    words = [word for word in _WORD.findall(prompt.last) if word != tool.name] or ["something"]
    values: dict[str, Any] = {}
    for name, form in properties.items():
        match form.get("type") if isinstance(form, Mapping) else None:
            case "integer" | "number":
                values[name] = rng.randrange(1, 100)
            case "boolean":
                values[name] = True
            case "array":
                values[name] = []
            case "object":
                values[name] = {}
            case _:
                choices = form.get("enum") if isinstance(form, Mapping) else None
                values[name] = choices[0] if isinstance(choices, list) and choices else words[-1]
    return values
