"""One account as a strategy saw it: what a ranking gives, and what the story of a request keeps."""

from __future__ import annotations

from typing import NamedTuple


class Candidate(NamedTuple):
    """One account as the strategy saw it. A row of the log: each request's story has some, so it is a named tuple."""

    account_id: str
    score: float
    """Lower is better; its unit is the strategy's own."""
    reason: str
