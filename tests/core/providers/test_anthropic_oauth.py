"""Signing in, exchanging a code, spending a refresh token: once, and believed only when it is certain."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from rota.account import Kind
from rota.clock import ManualClock
from rota.errors import Failure, Meaning, ProviderError, SignInFailed
from rota.providers.anthropic import AnthropicProvider
from rota.providers.anthropic.oauth import CLIENT_ID, begin_sign_in, challenge, read_pasted
from rota.providers.anthropic.profile import read_identity
from rota.providers.base import Credential
from rota.providers.http import open_client
from rota.secret import Secret

CLOCK = ManualClock()
NOW = CLOCK.now()
LOGIN = Credential(
    Kind.SUBSCRIPTION,
    Secret("sk-ant-oat01-old"),
    refresh=Secret("sk-ant-ort01-old"),
    expires_at=NOW - 1,
    login_expires_at=NOW + 500,
    scopes=("user:profile", "user:inference"),
    client_id="client-1",
)
WHOLE = {
    "token_type": "Bearer",
    "access_token": "sk-ant-oat01-new",
    "expires_in": 28800,
    "refresh_token": "sk-ant-ort01-new",
    "refresh_token_expires_in": 2419200,
    "scope": "user:inference",
    "organization": {"uuid": "org-1", "name": "Ada's"},
    "account": {"uuid": "acc-1", "email_address": "ada@example.com"},
}


class Endpoint:
    """A token endpoint that answers as told and remembers what it was asked."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.provider = AnthropicProvider(open_client(transport=httpx.MockTransport(self._handle)), clock=CLOCK)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def refusal(self, credential: Credential = LOGIN) -> Failure:
        with pytest.raises(ProviderError) as caught:
            await self.provider.refresh(credential)
        return caught.value.failure


def answering(status: int, body: Any, headers: dict[str, str] | None = None) -> Endpoint:
    return Endpoint(httpx.Response(status, json=body, headers=headers))


async def test_a_refresh_is_one_json_request_under_our_own_name() -> None:
    endpoint = answering(200, WHOLE)
    await endpoint.provider.refresh(LOGIN)
    (request,) = endpoint.requests
    assert str(request.url) == "https://platform.claude.com/v1/oauth/token"
    assert json.loads(request.content) == {
        "grant_type": "refresh_token",
        "refresh_token": "sk-ant-ort01-old",
        "client_id": "client-1",
    }
    assert request.headers["user-agent"].startswith("rota/")  # Claude Code's name is answered 429 or 404
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert "anthropic-beta" not in request.headers


async def test_a_console_login_is_renewed_where_the_official_client_does() -> None:
    endpoint = answering(200, WHOLE)
    await endpoint.provider.refresh(replace(LOGIN, kind=Kind.CONSOLE_PROFILE))
    assert str(endpoint.requests[0].url) == "https://api.anthropic.com/v1/oauth/token"
    assert endpoint.requests[0].headers["anthropic-beta"] == "oauth-2025-04-20"


async def test_the_successor_holds_all_that_was_said() -> None:
    assert await answering(200, WHOLE).provider.refresh(LOGIN) == replace(
        LOGIN,
        secret=Secret("sk-ant-oat01-new"),
        refresh=Secret("sk-ant-ort01-new"),
        expires_at=NOW + 28800,
        login_expires_at=NOW + 2419200,
        scopes=("user:inference",),
    )


async def test_what_the_answer_leaves_out_stays_as_it_was() -> None:
    renewed = await answering(200, {"access_token": "sk-ant-oat01-new"}).provider.refresh(LOGIN)
    assert renewed == replace(LOGIN, secret=Secret("sk-ant-oat01-new"), expires_at=NOW + 3600)


async def test_a_new_refresh_token_of_unstated_life_has_an_unknown_one() -> None:
    body = {"access_token": "a1", "refresh_token": "r1", "expires_in": "soon"}
    renewed = await answering(200, body).provider.refresh(LOGIN)
    assert (renewed.login_expires_at, renewed.expires_at) == (None, NOW + 3600)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("why", ["Refresh token not found or invalid", "Refresh token expired"])
async def test_only_invalid_grant_condemns_a_login(status: int, why: str) -> None:
    endpoint = answering(status, {"error": "invalid_grant", "error_description": why})
    failure = await endpoint.refusal()
    assert (failure.meaning, failure.code, failure.message) == (Meaning.LOGIN_DEAD, "invalid_grant", why)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        # the words of a dead login in other places condemn nobody
        (400, {"error": "invalid_request", "error_description": "invalid_grant"}, Meaning.OVERLOADED),
        (400, {"error": {"type": "invalid_grant", "message": "invalid_grant"}}, Meaning.OVERLOADED),
        (500, {"error": "invalid_grant"}, Meaning.OVERLOADED),
        (400, {"error": "invalid_client"}, Meaning.OVERLOADED),
        (403, {"type": "error", "error": {"type": "permission_error", "message": "no"}}, Meaning.OVERLOADED),
        (429, {"error": {"type": "rate_limit_error", "message": "Rate limited."}}, Meaning.THROTTLED),
        (404, "<html>nginx</html>", Meaning.OVERLOADED),
        (503, None, Meaning.OVERLOADED),
        (302, None, Meaning.OVERLOADED),
    ],
)
async def test_everything_else_may_pass(status: int, body: Any, meaning: Meaning) -> None:
    failure = await answering(status, body).refusal()
    assert failure.meaning is meaning
    assert failure.message


async def test_our_client_being_refused_is_no_fault_of_the_account_and_not_retried() -> None:
    failure = await answering(401, {"error": "invalid_client"}).refusal()
    assert (failure.code, failure.retryable_here) == ("invalid_client", False)


async def test_a_throttled_refresh_says_how_long() -> None:
    error = {"error": {"type": "rate_limit_error", "message": "Rate limited. Please try again later."}}
    assert (await answering(429, error, {"retry-after": "7"}).refusal()).retry_after == 7.0


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("hung up"),
        httpx.WriteError("reset"),
        httpx.Response(200, text='{"access_token": "sk-ant-'),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"token": "elsewhere"}),
        httpx.Response(200, json=["access_token"]),
        httpx.Response(200, json={"access_token": None}),
    ],
)
async def test_a_lost_answer_says_that_the_token_may_be_spent(answer: httpx.Response | Exception) -> None:
    endpoint = Endpoint(answer)
    failure = await endpoint.refusal()
    assert (failure.meaning, failure.code) == (Meaning.NETWORK, "answer-lost")
    assert not failure.retryable_here
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("error", "code"), [(httpx.ConnectError("no"), "connect"), (httpx.ConnectTimeout("no"), "connect-timeout")]
)
async def test_a_request_that_never_left_spent_nothing(error: Exception, code: str) -> None:
    failure = await Endpoint(error).refusal()
    assert (failure.meaning, failure.code, failure.retryable_here) == (Meaning.NETWORK, code, True)


@pytest.mark.parametrize(
    ("credential", "meaning"),
    [
        (replace(LOGIN, refresh=None), Meaning.LOGIN_DEAD),
        (replace(LOGIN, owner="claude-code"), Meaning.GATED),
        # a Console profile without a client id is renewed by whoever wrote it
        (replace(LOGIN, kind=Kind.CONSOLE_PROFILE, client_id=None), Meaning.GATED),
    ],
)
async def test_what_is_not_ours_to_spend_is_not_spent(credential: Credential, meaning: Meaning) -> None:
    endpoint = answering(200, WHOLE)
    assert (await endpoint.refusal(credential)).meaning is meaning
    assert endpoint.requests == []


async def test_no_secret_shows_in_an_error_that_echoes_it() -> None:
    body = {"error": "invalid_grant", "error_description": "Unknown token sk-ant-ort01-old9876"}
    assert "old9876" not in repr(await answering(400, body).refusal())


# --- signing in -------------------------------------------------------------------------------------------


def test_the_address_has_all_that_the_page_wants_and_keeps_the_verifier_to_itself() -> None:
    sign_in = begin_sign_in("http://localhost:5123/callback")
    address = urlsplit(sign_in.url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://claude.com/cai/oauth/authorize"
    assert dict(parse_qsl(address.query)) == {
        "code": "true",
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": "http://localhost:5123/callback",
        "scope": "user:profile user:inference",
        "code_challenge": challenge(sign_in.verifier),
        "code_challenge_method": "S256",
        "state": sign_in.state,
    }
    assert sign_in.verifier.reveal() not in sign_in.url
    assert 43 <= len(sign_in.verifier.reveal()) <= 128
    assert sign_in.state != begin_sign_in().state


@pytest.mark.parametrize(
    ("options", "page", "redirect"),
    [
        ({}, "https://claude.com/cai/oauth/authorize", "https://platform.claude.com/oauth/code/callback"),
        (
            {"kind": Kind.CONSOLE_PROFILE},
            "https://platform.claude.com/oauth/authorize",
            "https://platform.claude.com/oauth/code/callback",
        ),
        (
            {"auth_url": "http://127.0.0.1:9/claude/", "authorize_url": "http://127.0.0.1:9/claude/"},
            "http://127.0.0.1:9/claude/oauth/authorize",
            "http://127.0.0.1:9/claude/oauth/code/callback",
        ),
    ],
)
def test_each_kind_of_login_has_its_page(options: dict[str, Any], page: str, redirect: str) -> None:
    sign_in = begin_sign_in(**options)
    assert sign_in.url.partition("?")[0] == page
    assert sign_in.redirect_uri == redirect


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("pasted", "read"),
    [
        ("abc123#st", ("abc123", "st")),
        ("  abc\n123#st ", ("abc123", "st")),  # wrapped by a terminal
        ("abc123", ("abc123", None)),
        ("abc123#", ("abc123", None)),
        ("http://localhost:5123/callback?code=abc123&state=st", ("abc123", "st")),
        ("https://platform.claude.com/oauth/code/callback?code=abc123#st", ("abc123", "st")),
        ("?code=abc123&state=st", ("abc123", "st")),
        ("code=abc123%23st", ("abc123", "st")),
    ],
)
def test_what_people_paste_is_understood(pasted: str, read: tuple[str, str | None]) -> None:
    assert read_pasted(pasted) == read


@pytest.mark.parametrize("pasted", ["", "  ", "#st", "http://localhost/callback?code=&state=st"])
def test_a_paste_without_a_code_is_refused(pasted: str) -> None:
    with pytest.raises(SignInFailed, match="no code"):
        read_pasted(pasted)


def test_a_sign_in_that_was_not_allowed_says_why() -> None:
    with pytest.raises(SignInFailed, match="not allowed: The user said no"):
        read_pasted("http://localhost/callback?error=access_denied&error_description=The+user+said+no&state=st")


def test_a_code_of_another_sign_in_is_refused() -> None:
    sign_in = begin_sign_in()
    assert sign_in.accept(f"abc123#{sign_in.state}") == "abc123"
    with pytest.raises(SignInFailed, match="another sign-in"):
        sign_in.accept("abc123#other")


async def test_a_code_is_exchanged_with_everything_the_sign_in_began_with() -> None:
    endpoint = answering(200, WHOLE)
    sign_in = begin_sign_in("http://localhost:5123/callback")
    grant = await endpoint.provider.exchange_code(sign_in, "abc123")
    assert json.loads(endpoint.requests[0].content) == {
        "grant_type": "authorization_code",
        "code": "abc123",
        "state": sign_in.state,
        "client_id": CLIENT_ID,
        "redirect_uri": "http://localhost:5123/callback",
        "code_verifier": sign_in.verifier.reveal(),
    }
    assert grant.credential == Credential(
        Kind.SUBSCRIPTION,
        Secret("sk-ant-oat01-new"),
        refresh=Secret("sk-ant-ort01-new"),
        expires_at=NOW + 28800,
        login_expires_at=NOW + 2419200,
        scopes=("user:inference",),
        client_id=CLIENT_ID,
    )
    assert grant.identity is not None
    assert (grant.identity.key, grant.identity.email) == ("acc-1/org-1", "ada@example.com")


async def test_a_grant_may_not_say_whose_it_is() -> None:
    grant = await answering(200, {"access_token": "a1"}).provider.exchange_code(begin_sign_in(), "abc123")
    assert grant.identity is None
    assert grant.credential.refresh is None


# --- who it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "organization", "plan"),
    [
        ({}, {"organization_type": "claude_max", "rate_limit_tier": "default_claude_max_20x"}, "Max 20x"),
        ({}, {"organization_type": "claude_max", "rate_limit_tier": "v2_default_claude_max_5x"}, "Max 5x"),
        ({}, {"organization_type": "claude_max", "rate_limit_tier": None}, "Max"),
        ({}, {"organization_type": "claude_pro", "rate_limit_tier": "default_claude_ai"}, "Pro"),
        ({}, {"organization_type": "claude_team", "seat_tier": "team_standard"}, "Team"),
        ({}, {"organization_type": "claude_team", "seat_tier": "team_tier_1"}, "Team Premium"),
        ({}, {"organization_type": "claude_enterprise"}, "Enterprise"),
        ({}, {"organization_type": "new", "rate_limit_tier": "default_claude_max_20x"}, "Max 20x"),
        ({"has_claude_pro": True}, {"rate_limit_tier": "default_claude_ai"}, "Pro"),
        ({"has_claude_max": True, "has_claude_pro": True}, {}, "Max"),
        ({}, {"rate_limit_tier": "default_claude_ai"}, None),
        ({}, {"organization_type": ["claude_max"], "rate_limit_tier": 5}, None),
    ],
)
def test_a_plan_is_said_as_people_say_it(
    account: dict[str, Any], organization: dict[str, Any], plan: str | None
) -> None:
    body = {"account": {"uuid": "a", **account}, "organization": {"uuid": "o", **organization}}
    identity = read_identity(body, Kind.SUBSCRIPTION)
    assert identity is not None
    assert identity.plan == plan


@pytest.mark.parametrize("body", [{}, {"account": {"uuid": "a"}}, {"account": [], "organization": {"uuid": "o"}}])
def test_half_an_identity_is_none(body: dict[str, Any]) -> None:
    assert read_identity(body, Kind.SUBSCRIPTION) is None
