"""Sign-in with Anthropic's OAuth: the address to open, the pasted code, and the two token requests."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from rota.account import Identity, Kind
from rota.errors import Failure, Meaning, ProviderError, SignInFailed
from rota.providers.anthropic.classify import Envelope, read_envelope
from rota.providers.anthropic.fields import Fields, fields, number, text
from rota.providers.anthropic.profile import read_identity
from rota.providers.base import Credential
from rota.providers.http import decode_json, excerpt
from rota.providers.redaction import redact
from rota.providers.timing import retry_after
from rota.secret import Secret

if TYPE_CHECKING:
    from rota.providers.http import Answer

AUTH_URL = "https://platform.claude.com"
"""Where tokens are given out."""

CLIENT_ID = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
"""The public client of Claude logins; Anthropic registers no others for such tools."""

SUBSCRIPTION_SCOPES = ("user:profile", "user:inference")
CONSOLE_SCOPES = ("org:create_api_key", "user:profile", "user:inference")

AUTHORIZE_URL = "https://claude.com/cai"
"""Where the browser signs in to a subscription."""

_DEFAULT_LIFE_S = 3600.0
"""As the official SDK assumes when `expires_in` is missing."""


# --- the browser's part -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way: what was put in the address, to hold the answer against."""

    url: str
    """The page to open."""
    state: str
    verifier: Secret
    redirect_uri: str
    client_id: str
    kind: Kind

    def accept(self, pasted: str) -> str:
        """The code in what came back or was pasted: `code#state`, the whole callback address, or the bare code.

        Raises:
            SignInFailed: it belongs to another sign-in, or says that it failed.
        """
        code, state = read_pasted(pasted)
        if state is not None and not secrets.compare_digest(state.encode(), self.state.encode()):
            raise SignInFailed(
                "That code belongs to another sign-in.",
                hint="Open the address again and paste what it shows at the end.",
            )
        return code


def begin_sign_in(
    redirect_uri: str | None = None,
    *,
    auth_url: str = AUTH_URL,
    authorize_url: str = AUTHORIZE_URL,
    kind: Kind = Kind.SUBSCRIPTION,
    client_id: str = CLIENT_ID,
) -> SignIn:
    """Make the address of a sign-in, with PKCE and a state of its own.

    Args:
        redirect_uri: `http://localhost:<port>/callback`; None shows the code on a page, to be pasted.
    """
    auth_url = auth_url.rstrip("/")
    redirect_uri = redirect_uri or f"{auth_url}/oauth/code/callback"
    verifier, state = Secret(secrets.token_urlsafe(64)), secrets.token_urlsafe(32)
    scopes = SUBSCRIPTION_SCOPES if kind is Kind.SUBSCRIPTION else CONSOLE_SCOPES
    query = {
        "code": "true",
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "state": state,
    }
    host = authorize_url.rstrip("/") if kind is Kind.SUBSCRIPTION else auth_url
    page = f"{host}/oauth/authorize"
    return SignIn(f"{page}?{urlencode(query)}", state, verifier, redirect_uri, client_id, kind)


def challenge(verifier: Secret) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def read_pasted(pasted: str) -> tuple[str, str | None]:
    """Code and state in what a person pastes or a callback gets.

    Raises:
        SignInFailed: there is no code in it.
    """
    pasted = "".join(pasted.split())
    if "code=" in pasted or "error=" in pasted:
        address = urlsplit(pasted)
        query = parse_qs(address.query or address.path)
        if (refused := query.get("error")) is not None:
            why = redact((query.get("error_description") or refused)[0])
            raise SignInFailed(f"The sign-in was not allowed: {why}")
        code, _, behind = query.get("code", [""])[0].partition("#")
        state = query.get("state", [behind or address.fragment])[0]
    else:
        code, _, state = pasted.partition("#")
    if not code:
        raise SignInFailed(
            "There is no code in that.", hint="Paste the code the page shows, or the address it ended on."
        )
    return code, state or None


# --- the token endpoint -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was exchanged for; the endpoint may not say whose it is."""

    credential: Credential
    identity: Identity | None


def code_request(sign_in: SignIn, code: str) -> dict[str, Any]:
    """The body that exchanges a code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "state": sign_in.state,
        "client_id": sign_in.client_id,
        "redirect_uri": sign_in.redirect_uri,
        "code_verifier": sign_in.verifier.reveal(),
    }


def refresh_request(credential: Credential) -> dict[str, Any]:
    """The body that spends a refresh token.

    Raises:
        ProviderError: `login-dead`, when there is none to spend; `gated`, when another tool renews this login.
    """
    client_id = credential.client_id or (CLIENT_ID if credential.kind is Kind.SUBSCRIPTION else None)
    if credential.refresh is None:
        raise ProviderError(
            Failure(Meaning.LOGIN_DEAD, "This login has no refresh token: sign in again.", code="no-refresh-token")
        )
    if credential.owner is not None or client_id is None:
        owner = credential.owner or "another tool"
        why = f"This login belongs to {owner}, which renews it."
        raise ProviderError(
            Failure(Meaning.GATED, why, code="renewed-elsewhere", action=f"Use {owner} once, or sign in here.")
        )
    return {"grant_type": "refresh_token", "refresh_token": credential.refresh.reveal(), "client_id": client_id}


def read_grant(body: Fields, *, kind: Kind, client_id: str, asked_at: float) -> Grant:
    """A token answer to an exchanged code.

    Raises:
        ProviderError: `network`, when it holds no access token.
    """
    start = Credential(kind=kind, secret=Secret(""), client_id=client_id)
    return Grant(successor(start, body, asked_at=asked_at), read_identity(body, kind))


def successor(spent: Credential, body: Fields, *, asked_at: float) -> Credential:
    """The credential that a token answer makes of the one spent for it. What it does not say stays as it was.

    `asked_at` is when the request was sent: counted from there, a token never seems to live longer than it does.
    """
    access = text(body.get("access_token"))
    if access is None:
        raise answer_lost("The token endpoint answered without a token.")
    refresh = text(body.get("refresh_token"))
    login_life = number(body.get("refresh_token_expires_in"))
    login_expires_at = asked_at + login_life if login_life else None if refresh else spent.login_expires_at
    scopes = text(body.get("scope"))
    life = number(body.get("expires_in"))
    return replace(
        spent,
        secret=Secret(access),
        refresh=Secret(refresh) if refresh else spent.refresh,
        expires_at=asked_at + (_DEFAULT_LIFE_S if life is None else life),
        login_expires_at=login_expires_at,
        scopes=tuple(scopes.split()) if scopes else spent.scopes,
    )


def answer_lost(why: str) -> ProviderError:
    """The request may have been obeyed, but its answer did not arrive: the token may be spent for nothing."""
    return ProviderError(Failure(Meaning.NETWORK, why, code="answer-lost", retryable_here=False))


def token_refusal(answer: Answer, now: float) -> Failure:
    """What an unsuccessful answer of the token endpoint means.

    Only a top-level `error` of exactly `invalid_grant` condemns a login; everything else may pass.
    """
    try:
        body = fields(decode_json(answer.body))
    except ProviderError:
        body = {}
    envelope = read_envelope(body) or Envelope("", "")
    code = text(body.get("error")) or envelope.error_code or envelope.type or None
    dead = answer.status in (400, 401, 403) and body.get("error") == "invalid_grant"
    retryable = True
    if dead:
        meaning = Meaning.LOGIN_DEAD
    elif answer.status == 429:
        meaning = Meaning.THROTTLED
    elif code == "invalid_client":
        # Our client is refused, whoever signs in: this account is not to blame, and asking again changes nothing.
        meaning, retryable = Meaning.OVERLOADED, False
    else:
        meaning = Meaning.OVERLOADED
    said = envelope.message or excerpt(answer.body.decode("utf-8", "replace"))
    return Failure(
        meaning=meaning,
        message=redact(said) or f"The token endpoint answered {answer.status}.",
        status=answer.status,
        code=code,
        retry_after=retry_after(answer.headers, now),
        request_id=answer.headers.get("request-id") or envelope.request_id,
        retryable_here=retryable,
    )
