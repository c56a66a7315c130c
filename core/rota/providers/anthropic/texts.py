"""Refusals that Anthropic tells apart by their text alone: the documented texts, each with its source.

Everything else is classified from fields. A text is looked up only under its own `error.type`, and only when the
answer has no `details.error_code`, so a day on which Anthropic adds a code is the day its line here stops mattering.
"""

from __future__ import annotations

from dataclasses import dataclass

from rota.errors import Meaning


@dataclass(frozen=True, slots=True)
class KnownText:
    """A text that has a meaning of its own."""

    type: str
    """The `error.type` it comes under."""
    beginning: str
    meaning: Meaning
    code: str
    """Ours, since the provider gives none."""
    month: bool = False
    """Whether it ends at 00:00 UTC on the first of next month."""


KNOWN = (
    # anthropics/claude-code#45911, 9j/claude-code-mux#7, anomalyco/opencode#417
    KnownText(
        "invalid_request_error",
        "This credential is only authorized for use with Claude Code",
        Meaning.REFUSED,
        "policy-claude-code-only",
    ),
    # anthropics/claude-code#45911 and #45021, from 2026-04-08
    KnownText(
        "invalid_request_error",
        "Third-party apps now draw from your extra usage, not your plan limits.",
        Meaning.REFUSED,
        "policy-third-party",
    ),
    # router-for-me/CLIProxyAPI#6004
    KnownText("invalid_request_error", "You're out of extra usage.", Meaning.REFUSED, "policy-out-of-extra-usage"),
    # anthropics/claude-code#66314, anthropics/claude-quickstarts#229
    KnownText(
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
        Meaning.CREDITS_EXHAUSTED,
        "credit-balance-too-low",
    ),
    # anthropics/claude-code#38035 and #2127: "You will regain access on 2026-04-01 at 00:00 UTC."
    KnownText(
        "invalid_request_error",
        "You have reached your specified API usage limits.",
        Meaning.CREDITS_EXHAUSTED,
        "own-spend-limit-reached",
        month=True,
    ),
    # anthropics/claude-code#39948: what the request asks for is not in the plan; no wait and no retry changes that
    KnownText(
        "rate_limit_error",
        "Extra usage is required for long context requests.",
        Meaning.REFUSED,
        "extra-usage-required",
    ),
    # anthropics/claude-code#64982, the later wording ("… for long context requests.", "… for fast mode.")
    KnownText("rate_limit_error", "Usage credits are required for ", Meaning.REFUSED, "extra-usage-required"),
    # steipete/CodexBar, realiti4/claude-swap#264: tokens of `claude setup-token` may not read usage or profile
    KnownText("permission_error", "OAuth token does not meet scope requirement ", Meaning.GATED, "scope-refused"),
    # anthropics/claude-code#9635: a dead access token, answered 403 instead of 401
    KnownText("permission_error", "OAuth token has been revoked.", Meaning.LOGIN_DEAD, "token-revoked"),
)


def known_text(type_: str, message: str) -> KnownText | None:
    """The documented text that a message begins with; some routes put `system: ` before it."""
    message = message.removeprefix("system: ").replace("’", "'")
    return next((k for k in KNOWN if k.type == type_ and message.startswith(k.beginning)), None)
