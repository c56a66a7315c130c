"""Stop sequences that rota heeds itself: the same end however the text is cut into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rota.providers.base import (
    Delta,
    Finish,
    Finished,
    ReasoningDelta,
    Reply,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from rota.providers.stops import Stops, ended

END = Finished(Finish.LENGTH, Usage(output_tokens=9), "m")


def through(stops: Stops, *deltas: Delta) -> list[Delta]:
    return [said for delta in deltas for said in stops.of(delta)]


def test_the_text_ends_before_the_sequence_and_what_follows_is_not_said() -> None:
    call = ToolCallDelta(0, "id", "f", "{}")
    said = through(Stops(("END",)), TextDelta("one E"), TextDelta("ND two"), TextDelta("three"), call, END)
    assert said == [TextDelta("one "), Finished(Finish.STOP, END.usage, "m", stop_sequence="END")]


def test_what_only_began_like_one_is_said_after_all() -> None:
    call = ToolCallDelta(0, "id", "f", "{}")
    stops = Stops(("END",))
    assert through(stops, TextDelta("EEN")) == [TextDelta("E")]
    assert through(stops, ReasoningDelta("hm"), call, TextDelta("D E"), END) == [
        ReasoningDelta("hm"),
        TextDelta("EN"),
        call,
        TextDelta("D "),
        TextDelta("E"),
        END,
    ]


def test_without_sequences_everything_is_said_as_it_comes() -> None:
    deltas: list[Delta] = [TextDelta("a"), ReasoningDelta("b"), END]
    assert through(Stops(()), *deltas) == deltas


def test_a_whole_answer_ends_at_the_first_one_of_its_texts() -> None:
    call = ToolCall("id", "f", {})
    reply = Reply((Text("one END two STOP"), call), Finish.TOOL_CALLS, Usage(), "m")
    cut = ended(reply, ("STOP", "END"))
    assert (cut.parts, cut.finish, cut.stop_sequence) == ((Text("one "),), Finish.STOP, "END")
    assert ended(reply, ("absent",)) is reply
    assert ended(reply, ("one",)).parts == ()


@given(st.lists(st.text("ab", max_size=4), max_size=12), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_pieces_end_where_the_whole_does(pieces: list[str], sequences: list[str]) -> None:
    said = through(Stops(sequences), *(TextDelta(piece) for piece in pieces), END)
    last = said.pop()
    assert isinstance(last, Finished)
    whole = ended(Reply((Text("".join(pieces)),), END.finish, END.usage, "m"), sequences)
    assert "".join(d.text for d in said if isinstance(d, TextDelta)) == whole.text
    assert (last.finish, last.stop_sequence) == (whole.finish, whole.stop_sequence)
