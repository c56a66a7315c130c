"""One browser sign-in under way: an address to open, a page that waits, and a place to paste, racing each other."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rota.errors import SignInFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.account import Identity
    from rota.clock import Clock
    from rota.providers.base import Credential
    from rota.secret import Secret

WAIT_S = 300.0
"""How long a sign-in waits for the person."""


class Stage(StrEnum):
    """Where a sign-in is, for screens."""

    WAITING = "waiting"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SignInCancelled(SignInFailed):
    """The person backed out; nothing was kept."""


class SignInTimedOut(SignInFailed):
    """Nobody came back within the time; nothing was kept."""


class SignInDenied(SignInFailed):
    """The provider's page was answered with no; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a code or token, and by which way."""

    secret: Secret
    redirect_uri: str | None = None
    """The redirect that the code was issued for, where that matters."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a sign-in ends with."""

    credential: Credential
    identity: Identity | None = None
    """Whose it is, when the token answer said so; the profile says more."""


class Exchange(Protocol):
    """Turns what came back into a login; one request to the provider, bounded retries inside."""

    async def __call__(self, answer: Answer) -> Login: ...


class SignIn:
    """One sign-in. The callback page and `paste` both feed it; the first that fits wins."""

    def __init__(
        self,
        *,
        url: str,
        manual_url: str,
        read_paste: Callable[[str], Answer],
        exchange: Exchange,
        clock: Clock,
        wait_s: float = WAIT_S,
    ) -> None:
        self.url = url
        """For a browser on this machine."""
        self.manual_url = manual_url
        """For a browser elsewhere: its page shows something to paste here."""
        self.ends_at = clock.now() + wait_s
        self.stage = Stage.WAITING
        self._clock = clock
        self._wait_s = wait_s
        self._read_paste = read_paste
        self._exchange = exchange
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def feed(self, answer: Answer) -> bool:
        """Give it what the callback page received; False when something came before."""
        if self._answer.done():
            return False
        self._answer.set_result(answer)
        return True

    def deny(self, why: str) -> None:
        """The provider's page sent the browser back with a refusal."""
        if not self._answer.done():
            self._answer.set_exception(SignInDenied(why, hint="Start again when you want to allow it."))

    def paste(self, text: str) -> None:
        """Give it what a person pasted.

        Raises:
            SignInFailed: it does not fit; the sign-in goes on waiting.
        """
        self.feed(self._read_paste(text.strip()))

    def cancel(self) -> None:
        """Back out."""
        if not self._answer.done():
            self._answer.set_exception(SignInCancelled("The sign-in was cancelled; nothing was kept."))

    async def login(self) -> Login:
        """Wait for the person, then for the provider.

        Raises:
            SignInCancelled, SignInTimedOut, SignInDenied: as they say.
            ProviderError: the provider refused what came back.
        """
        limit = asyncio.ensure_future(self._clock.sleep(self._wait_s))
        try:
            waits: set[asyncio.Future[Any]] = {limit, self._answer}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not self._answer.done():
                raise SignInTimedOut(
                    f"Nobody came back from the browser within {self._wait_s / 60:.0f} minutes; nothing was kept.",
                    hint="Start again, or paste the code where the browser is on another machine.",
                )
            answer = self._answer.result()
            self.stage = Stage.CHECKING
            login = await self._exchange(answer)
        except SignInCancelled:
            self.stage = Stage.CANCELLED
            raise
        except BaseException:
            self.stage = Stage.FAILED
            raise
        finally:
            limit.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await limit
        self.stage = Stage.DONE
        return login
