"""Where a streamed text is cut into pages: nothing is lost, and every page reads by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rota_tui.paging import CODE_PAGE, PAGE, STEP, Cut, Pager

PIECES = [
    "word ",
    "more words.\n",
    "\n",
    "- item\n",
    "  goes on\n",
    "```python\n",
    "```\n",
    "~~~\n",
    "x = 1  # code\n",
    "| a |\n",
]


def pages_of(text: str, size: int) -> tuple[list[str], list[Cut]]:
    """The pages, when the text comes in fragments of `size`."""
    pages, cuts, pager, pending = [""], list[Cut](), Pager(), ""
    for at in range(0, len(text), size):
        pending += text[at : at + size]
        while pending:
            cut = pager.cut(pending)
            cuts.append(cut)
            pages[-1] += cut.text
            pending = cut.rest
            if cut.new_page:
                pages.append("")
                pending = cut.opener + pending
                pager = Pager() if cut.opener else pager
    return pages, cuts


def words(markdown: str) -> list[str]:
    """What a reader sees, without how it is set."""
    tokens = MarkdownIt("gfm-like").parse(markdown)
    return " ".join(t.content for t in tokens if t.type in {"inline", "fence", "code_block"}).split()


def test_a_short_text_is_one_page() -> None:
    assert pages_of("Hello\n\nthere.", 3)[0] == ["Hello\n\nthere."]


def test_a_page_ends_at_a_gap_between_blocks() -> None:
    text = "A sentence. " * 150 + "\n\nNext block.\n"
    pages, _ = pages_of(text, 100)
    assert len(pages) == 2
    assert pages[1] == "Next block.\n"


def test_a_list_is_not_torn() -> None:
    text = "A sentence. " * 150 + "\n\n- one\n\n- two\n\n  more of two\n\n1. three\n\nAfter.\n"
    pages, _ = pages_of(text, 64)
    assert pages[1] == "After.\n"


def test_long_code_goes_on_under_its_own_fence() -> None:
    line = "x = 1  # a line of code\n"
    text = "```python title\n" + line * (2 * CODE_PAGE // len(line)) + "```\n\nDone.\n"
    pages, cuts = pages_of(text, 500)
    assert [page.splitlines()[0] for page in pages] == ["```python title"] * len(pages)
    assert all(page.rstrip().endswith("```") or "Done." in page for page in pages)
    assert "".join(pages).count(line) == text.count(line)
    assert {cut.opener for cut in cuts if cut.new_page} == {"```python title\n"}


def test_a_fence_is_closed_only_by_its_own_mark() -> None:
    body = "```\n" + "y\n" * CODE_PAGE
    pages, _ = pages_of("~~~~\n" + body + "~~~~\n", 400)
    assert all(page.startswith("~~~~\n") for page in pages)


@given(st.lists(st.sampled_from(PIECES), max_size=400), st.integers(1, 700))
def test_nothing_is_lost_and_steps_are_small(pieces: list[str], size: int) -> None:
    text = "".join(pieces) + "A sentence. " * 20
    pages, cuts = pages_of(text, size)
    if not any(cut.opener for cut in cuts):
        assert "".join(pages) == text
    assert all(len(cut.text) <= STEP + CODE_PAGE for cut in cuts)


@given(
    st.lists(
        st.sampled_from(["para one. ", "para two.\n\n", "- a\n- b\n\n", "```\nx\n```\n\n", "## head\n\n"]),
        min_size=80,
        max_size=600,
    )
)
def test_pages_read_like_the_whole(pieces: list[str]) -> None:
    text = "".join(pieces)
    pages, _ = pages_of(text, 97)
    assert [word for page in pages for word in words(page)] == words(text)
    assert len(pages) >= len(text) // (PAGE + STEP) // 2
