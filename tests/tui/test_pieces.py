"""Foreign text shown as text, in the cells it is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rota_tui.pieces import ASCII, UNICODE, Piece, Tone, clean, fit, fit_inside, fit_line, pad, plain, width_of


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("[/foo] as [b]bar", "[/foo] as [b]bar"),  # brackets are only text
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("bell\x07 escape\x1b[31m", "bell␇ escape␛[31m"),
        ("over\u202eride", "over\ufffdride"),  # a direction override would turn the rest of the row
        ("日本語", "日本語"),
        ("שלום", "שלום"),
        ("c1\x9b31m", "c1\ufffd31m"),
        ("no\u00a0break, soft\u00adhyphen", "no break, soft\ufffdhyphen"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(foreign: str, shown: str) -> None:
    assert clean(foreign) == shown


@given(st.text(max_size=80), st.integers(0, 40))
def test_fitted_text_never_exceeds_its_cells(text: str, width: int) -> None:
    assert cell_len(fit(text, width, UNICODE)) <= width
    assert cell_len(pad(text, width, UNICODE)) == width


@given(st.lists(st.text(max_size=20), max_size=6), st.integers(0, 40))
def test_a_fitted_line_never_exceeds_its_cells(texts: list[str], width: int) -> None:
    line = tuple(Piece(text) for text in texts)
    assert width_of(fit_line(line, width, UNICODE)) <= width
    assert width_of(fit_inside(line, width, UNICODE)) <= width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("work", 4, "work"), ("workshop", 5, "work…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("x", 0, "")],
)
def test_longer_text_is_cut_with_an_ellipsis(text: str, width: int, shown: str) -> None:
    assert fit(text, width, UNICODE) == shown


def test_what_is_cut_inside_keeps_its_end_and_its_tones() -> None:
    line = (Piece("claude-"), Piece("opus", Tone.ACTIVE), Piece("-4-5-20251101"))
    assert plain(fit_inside(line, 30, UNICODE)) == "claude-opus-4-5-20251101"
    assert plain(fit_inside(line, 20, UNICODE)) == "claude-…4-5-20251101"
    assert fit_inside(line, 21, UNICODE) == (Piece("claude-"), Piece("…", Tone.ACTIVE), Piece("-4-5-20251101"))
    assert plain(fit_inside(line, 1, UNICODE)) == "…"
    assert fit_inside(line, 0, UNICODE) == ()


def test_the_ellipsis_is_plain_where_only_plain_characters_are_drawn() -> None:
    assert plain(fit_line((Piece("work"), Piece("shop")), 6, ASCII)) == "works~"
