"""One account as a strategy saw it: what a ranking gives, and what the story of a request keeps."""

from __future__ import annotations

from rota.values import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One account as the strategy saw it."""

    account_id: str
    score: float
    """Lower is better; its unit is the strategy's own."""
    reason: str
