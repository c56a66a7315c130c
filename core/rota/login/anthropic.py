"""Signing in to a Claude subscription: the notice first, then the browser's return and a paste race each other.

Two addresses are made, each with its own PKCE verifier and state: one comes back to this machine, the other shows a
code to paste (over SSH, say). Which one an answer belongs to is told by its state.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rota.errors import Failure, Meaning, ProviderError
from rota.login.flow import Answer, Login, SignIn
from rota.login.loopback import CallbackServer, Verdict
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rota.clock import Clock
    from rota.providers.anthropic import AnthropicProvider

NOTICE = (
    "Anthropic says (October 2026) that Claude subscription logins are meant for its own apps; programs of other"
    " makers should use API keys. rota can keep such a login to show you its limits and to test it. It sends no"
    " model requests through it unless you turn on anthropic.route_subscriptions yourself. Anthropic may restrict"
    " or end a login that is used elsewhere, without notice."
)
"""What a person reads and agrees to before the first subscription sign-in (DESIGN section 7)."""

PATH = "/callback"
RETRY_S = 5.0
RETRY_MOST_S = 30.0
"""A 429 of the token endpoint comes before the code is looked at, so one more try with the same code is right."""


@asynccontextmanager
async def sign_in(provider: AnthropicProvider, clock: Clock) -> AsyncIterator[SignIn]:
    """A subscription sign-in, its callback page open for as long as the context."""
    async with CallbackServer(PATH) as server:
        local = provider.begin_sign_in(f"http://localhost:{server.port}{PATH}")
        manual = provider.begin_sign_in()

        def read_paste(pasted: str) -> Answer:
            begun = local if local.state in pasted else manual
            return Answer(Secret(begun.accept(pasted)), begun.redirect_uri)

        async def exchange(answer: Answer) -> Login:
            begun = local if answer.redirect_uri == local.redirect_uri else manual
            try:
                grant = await provider.exchange_code(begun, answer.secret.reveal())
            except ProviderError as error:
                if not _worth_another_try(error.failure):
                    raise
                await clock.sleep(min(RETRY_MOST_S, error.failure.retry_after or RETRY_S))
                grant = await provider.exchange_code(begun, answer.secret.reveal())
            return Login(grant.credential, grant.identity)

        attempt = SignIn(url=local.url, manual_url=manual.url, read_paste=read_paste, exchange=exchange, clock=clock)

        def judge(query: Mapping[str, str]) -> Verdict:
            if not secrets.compare_digest(query.get("state", "").encode(), local.state.encode()):
                return Verdict(False, "Not this sign-in", "Go back to rota and start the sign-in again.")
            if "error" in query:
                attempt.deny("Claude's page sent the browser back with a no; nothing was kept.")
                return Verdict(True, "Not signed in", "You can close this tab.")
            code = query.get("code", "")
            if not code:
                return Verdict(False, "No code came back", "Go back to rota and start the sign-in again.")
            if not attempt.feed(Answer(Secret(code), local.redirect_uri)):
                return Verdict(False, "Too late", "This sign-in has ended; you can close this tab.")
            return Verdict(True, "You are signed in", "rota checks it now; you can close this tab.")

        server.judge = judge
        yield attempt


def _worth_another_try(failure: Failure) -> bool:
    return failure.meaning is Meaning.THROTTLED and failure.status == 429
