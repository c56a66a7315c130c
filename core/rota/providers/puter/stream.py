"""Puter's NDJSON stream as neutral deltas.

One JSON object a line; the last is `usage`, or `error` when the answer broke. There is no end marker, no heartbeat
and, on servers before autumn 2026, no finish reason. How the end is told apart, by the fields of the last line:

- `usage` with at least one number in it, or without a `usage` field at all (a vendor that reports none): whole;
- `usage` with no number in it (`{"usd_cents":null}`): nothing was metered, so the upstream broke off before it said
  what it had used (Claude), or the answer is placeholder text. A whole answer of unknown price still counts its
  tokens. A `finish_reason` in the line outranks this: then the vendor did say that it was done;
- neither `usage` nor `error`: the connection was cut.

Placeholder text (`FakeChatProvider.ts`) comes in one line with an unmetered `usage` after it and nothing else to know
it by, so a first line that reads like it is held back until the next line decides.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError
from rota.providers.base import Delta, Finish, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from rota.providers.puter import answer, classify, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.providers.puter.fields import Record

MAX_LINE = 32 * 1024 * 1024
"""Longer lines are refused; the largest real one is a tool call with a file in it."""

_LOREM = frozenset(
    re.findall(
        r"\w+",
        "lorem ipsum dolor sit amet consectetur adipisicing elit sed do eiusmod tempor incididunt ut labore "
        "et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip "
        "ex ea commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla "
        "pariatur excepteur sint occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim "
        "id est laborum",
    )
)
_FEWEST_LOREM_WORDS = 24
"""The server writes at least four sentences of twelve words; a model's first piece is a word or two."""
_ABUSE_PAGE = "<h2>Free AI and Cloud for everyone!"


class Lines:
    """Splits bytes into lines wherever they were cut.

    On bytes and only at line feeds: that is right inside UTF-8, whose longer sequences hold no such byte, and a text
    splitter (httpx's too) would also break at U+2028, which JSON leaves as it is.
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The lines that `piece` completes, without their ends.

        Raises:
            ProviderError: a line is longer than `MAX_LINE`.
        """
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield b"".join((*self._rest, line))
            self._rest.clear()
            self._size = 0
        if rest:
            self._rest.append(rest)
            self._size += len(rest)
        if self._size > MAX_LINE:
            raise ProviderError(classify.unusable("Puter sent a line that does not end.", 200, "too-large"))

    def end(self) -> bytes:
        """What came after the last line feed."""
        return b"".join(self._rest)


class Reader:
    """Turns lines into deltas; knows whether content was given out and whether the answer is whole."""

    def __init__(self, model: str, max_tokens: int | None = None) -> None:
        self._model = model
        self._max_tokens = max_tokens
        self._held: str | None = None
        self._calls = 0
        self.started = False
        """Whether content was given out."""
        self.finished = False

    def read(self, line: bytes) -> Iterator[Delta]:
        """The deltas of one line.

        Raises:
            ProviderError: the line says that the answer failed.
        """
        if self.finished or not line.strip():
            return
        entry = _object(line)
        if isinstance(entry.get("error"), dict) or entry.get("success") is False:
            raise ProviderError(self._late(classify.failure(200, line, {}, 0.0, model=self._model)))
        if classify.usage_limited(entry.get("metadata")):
            raise ProviderError(classify.exhausted("Puter says that this account's AI usage limit is reached."))
        if entry.get("type") == "usage":
            yield from self._end(entry)
            return
        yield from self._release()
        if entry.get("type") == "error":
            message = fields.text(entry, "message") or ""
            raise ProviderError(classify.in_stream(message, started=self.started))
        for delta in self._content(entry):
            if not self.started and isinstance(delta, TextDelta) and _reads_like_placeholder(delta.text):
                self._held = delta.text
                return
            self.started = True
            yield delta

    def close(self) -> None:
        """The connection ended.

        Raises:
            ProviderError: before the last line did.
        """
        if not self.finished:
            raise ProviderError(classify.cut("The answer broke off: Puter closed the stream before its last line."))

    def _content(self, entry: Record) -> Iterator[Delta]:
        """Lines of other types (`tool_use_start`, `compaction`, `extra_content` …) add nothing to these."""
        match entry.get("type"):
            case "text":
                if text := fields.text(entry, "text"):
                    yield TextDelta(text)
            case "reasoning":
                if thought := fields.text(entry, "reasoning"):
                    yield ReasoningDelta(thought)
            case "reasoning_detail":
                # The text of the thought came before; only its signature is new.
                if signature := fields.text(fields.record(entry.get("detail")), "signature"):
                    yield ReasoningDelta(signature=signature)
            case "tool_use":
                name = fields.text(entry, "name")
                if name:
                    arguments = answer.as_json(answer.arguments_of(entry.get("input")))
                    call_id = fields.text(entry, "id") or f"call_{self._calls}"
                    yield ToolCallDelta(self._calls, call_id, name, arguments)
                    self._calls += 1

    def _end(self, entry: Record) -> Iterator[Delta]:
        counted = fields.record(entry.get("usage"))
        said = answer.finish_of(fields.text(entry, "stopReason", "finish_reason"))
        unmetered = isinstance(entry.get("usage"), dict) and all(
            fields.number(counted, key) is None for key in counted
        )
        if unmetered and self._held is not None:
            raise ProviderError(classify.fake_chat())
        yield from self._release()
        if unmetered and said is None:
            raise ProviderError(classify.cut("The answer broke off: the model's vendor stopped in the middle."))
        self.finished = True
        usage = answer.usage(counted)
        yield Finished(
            finish=self._finish(said, usage.output_tokens),
            usage=usage,
            model=self._model,
            cost_usd=answer.cost_usd(counted),
            stop_sequence=fields.text(entry, "stopSequence"),
        )

    def _finish(self, said: Finish | None, output_tokens: int) -> Finish:
        """The vendor's reason, else the only ones that can be inferred."""
        if self._calls and said in (None, Finish.STOP):
            return Finish.TOOL_CALLS
        if said is None and self._max_tokens and output_tokens >= self._max_tokens:
            return Finish.LENGTH
        return said or Finish.STOP

    def _release(self) -> Iterator[Delta]:
        """Give out the text that was held back: it is an answer after all."""
        if self._held is not None:
            held, self._held = self._held, None
            self.started = True
            yield TextDelta(held)

    def _late(self, failure: Failure) -> Failure:
        """A failure after content is the answer's breaking, whatever it was before."""
        if not self.started:
            return failure
        return Failure(Meaning.OVERLOADED, failure.message, status=failure.status, code=failure.code)


def _object(line: bytes) -> Record:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise ProviderError(classify.unusable("Puter sent half a line, or something else than JSON.", 200)) from None
    if not isinstance(entry, dict):
        raise ProviderError(classify.unusable("Puter sent a line that is not an object.", 200))
    return entry


def _reads_like_placeholder(text: str) -> bool:
    """Whether a piece of an answer is what Puter's placeholder vendor writes."""
    if text.startswith(_ABUSE_PAGE):
        return True
    words = re.findall(r"\w+", text.lower())
    return len(words) >= _FEWEST_LOREM_WORDS and _LOREM.issuperset(words)
