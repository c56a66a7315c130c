"""What the gateway itself answers with an error, before or instead of a provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer in no dialect's words."""

    status: int
    code: str
    """Ours: `bad_request`, `unsupported`, `no_key`, `wrong_key`, `not_found`, `too_large`, `too_many`, `cooling` …"""
    message: str
    param: str | None = None
    """The field at fault."""
    retry_after: float | None = None
    """Seconds."""


class Refusal(Exception):
    """Ends a request with a `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def bad_request(message: str, param: str | None = None) -> Refusal:
    return Refusal(Problem(400, "bad_request", message, param))


def unsupported(what: str, param: str) -> Refusal:
    """A field that cannot be carried to the provider that would serve: said, never dropped."""
    return Refusal(
        Problem(400, "unsupported", f"{what} cannot be carried to the provider that serves this model.", param)
    )
