"""Signing in to Puter: its consent page sends the browser back with a token (authme), or one is pasted (copyauth).

The consent page has no state of its own but keeps the path of the address it returns to, so that a 128-bit nonce in
the path is ours to check. Cancelling there sends nothing back: the wait ends by time or by the person.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from rota.account import Kind
from rota.errors import SignInFailed
from rota.login.flow import Answer, Login, SignIn
from rota.login.loopback import CallbackServer, Verdict
from rota.providers.base import Credential
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rota.clock import Clock


@asynccontextmanager
async def sign_in(gui_url: str, clock: Clock) -> AsyncIterator[SignIn]:
    """A sign-in to Puter, its callback page open for as long as the context."""
    path = f"/cb/{secrets.token_hex(16)}"
    async with CallbackServer(path) as server:
        back = f"http://127.0.0.1:{server.port}{path}"
        attempt = SignIn(
            url=f"{gui_url}/?action=authme&redirectURL={quote(back, safe='')}",
            manual_url=f"{gui_url}/?action=copyauth",
            read_paste=_read_paste,
            exchange=_as_login,
            clock=clock,
        )

        def judge(query: Mapping[str, str]) -> Verdict:
            token = query.get("token", "")
            if not _looks_like_token(token):
                return Verdict(False, "No token came back", "Go back to rota and start the sign-in again.")
            if not attempt.feed(Answer(Secret(token))):
                return Verdict(False, "Too late", "This sign-in has ended; you can close this tab.")
            return Verdict(True, "You are signed in", "rota checks it now; you can close this tab.")

        server.judge = judge
        yield attempt


def _read_paste(text: str) -> Answer:
    """A token, or the whole address the browser was sent back to."""
    if "://" in text:
        text = parse_qs(urlsplit(text).query).get("token", [""])[0]
    if not _looks_like_token(text):
        raise SignInFailed(
            "That is not a Puter token.",
            hint="Copy the whole token: three parts with dots between, starting with eyJ.",
        )
    return Answer(Secret(text))


def _looks_like_token(text: str) -> bool:
    return len(text) > 20 and text.count(".") == 2 and text.isascii() and " " not in text


async def _as_login(answer: Answer) -> Login:
    return Login(Credential(kind=Kind.PUTER, secret=answer.secret))
