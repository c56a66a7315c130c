"""Everything the simulated providers know: accounts, tokens, faults, calls."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rota.simulator.anthropic.state import (
    ALL_SCOPES,
    CONSOLE_SCOPES,
    AccessToken,
    ApiKey,
    ConsoleProfile,
    Identity,
    Login,
    RefreshToken,
    Subscription,
    new_subscription,
)
from rota.simulator.calls import CallLog
from rota.simulator.faults import FaultQueue
from rota.simulator.knobs import Knobs
from rota.simulator.puter.catalogue import Catalogue
from rota.simulator.puter.state import TYPE_IN_TOKEN, PuterAccount, PuterToken, Tier, TokenKind
from rota.simulator.windows import Bucket, RollingCount

if TYPE_CHECKING:
    from rota.clock import Clock
    from rota.simulator.signin import Authorization

_IDS = uuid.UUID("5e1f0000-0000-4000-8000-000000000000")


class World:
    """One simulated world on one clock; equal seeds give equal ids, secrets and replies."""

    def __init__(self, clock: Clock, *, seed: int = 1, knobs: Knobs | None = None, name: str = "") -> None:
        self.clock = clock
        self.seed = seed
        self.name = name
        self.knobs = knobs or Knobs()
        self.rng = random.Random(seed)
        self.subscriptions: dict[str, Subscription] = {}
        self.profiles: dict[str, ConsoleProfile] = {}
        self.api_keys: dict[str, ApiKey] = {}
        self.puter: dict[str, PuterAccount] = {}
        self.catalogue = Catalogue()
        self.model_use: dict[str, RollingCount] = {}
        self.model_limited_until: dict[str, float] = {}
        self.authorizations: dict[str, Authorization] = {}
        """Sign-in codes that were issued and not yet exchanged."""
        self.scope_refusals = RollingCount(3600.0)
        self.usage_blocked_until = 0.0
        self.faults = FaultQueue()
        self.calls = CallLog()

    def now(self) -> float:
        return self.clock.now()

    def uuid_for(self, name: str) -> str:
        return str(uuid.uuid5(_IDS, f"{self.seed}/{name}"))

    def word_for(self, name: str, length: int = 24) -> str:
        """Letters and digits that look random and are always the same for a name."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return base64.b32encode(digest).decode().lower()[:length]

    def random_word(self, length: int = 24) -> str:
        return self.word_for(f"random/{self.rng.random()}", length)

    def labels(self) -> list[str]:
        return [*self.subscriptions, *self.profiles, *self.api_keys, *self.puter]

    def logins(self) -> dict[str, Subscription | ConsoleProfile]:
        """Whoever holds Anthropic tokens, by label."""
        return {**self.subscriptions, **self.profiles}

    # Anthropic

    def add_subscription(
        self,
        label: str,
        plan: str,
        *,
        email: str = "",
        organization: str = "",
        seeded: bool = True,
        scopes: tuple[str, ...] = ALL_SCOPES,
        access_seconds: float | None = None,
    ) -> Subscription:
        """A subscription; seeded ones have tokens from the start, the access token for `access_seconds`."""
        subscription = new_subscription(self._identity(label, email, organization), plan)
        subscription.seeded = seeded
        self.subscriptions[label] = subscription
        if seeded:
            subscription.families += 1
            self.mint_access(subscription, scopes, seconds=access_seconds)
            self.mint_refresh(subscription, scopes, family=subscription.families)
        return subscription

    def add_profile(
        self,
        label: str,
        *,
        email: str = "",
        organization: str = "",
        rpm: int = 1000,
        seeded: bool = True,
        access_seconds: float | None = None,
    ) -> ConsoleProfile:
        """A Console login, whose refresh token only its own client may spend."""
        identity = self._identity(label, email, organization)
        payer = ApiKey(
            label=label,
            key=None,
            organization_uuid=identity.organization_uuid,
            requests=Bucket(rpm),
            input_tokens=Bucket(450_000),
            output_tokens=Bucket(90_000),
        )
        client_id = self.uuid_for(f"client/{label}")
        profile = ConsoleProfile(**asdict(identity), payer=payer, client_id=client_id, seeded=seeded)
        self.profiles[label] = profile
        if seeded:
            profile.families += 1
            self.mint_access(profile, CONSOLE_SCOPES, seconds=access_seconds)
            self.mint_refresh(profile, CONSOLE_SCOPES, family=profile.families, client_id=client_id)
        return profile

    def _identity(self, label: str, email: str, organization: str) -> Identity:
        email = email or f"{label.replace(' ', '.').lower()}@example.com"
        organization = organization or f"{email}'s Organization"
        return Identity(
            label=label,
            email=email,
            account_uuid=self.uuid_for(f"account/{email}"),
            organization_uuid=self.uuid_for(f"organization/{organization}"),
            organization=organization,
        )

    def mint_access(self, login: Login, scopes: tuple[str, ...], *, seconds: float | None = None) -> str:
        token = self._mint(login, "oat01")
        life = self.knobs.access_token_seconds if seconds is None else seconds
        login.access[token] = AccessToken(self.now() + life, scopes)
        return token

    def mint_refresh(
        self, login: Login, scopes: tuple[str, ...], *, family: int, client_id: str | None = None
    ) -> str:
        token = self._mint(login, "ort01")
        expires_at = self.now() + self.knobs.refresh_token_seconds
        login.refresh[token] = RefreshToken(scopes, expires_at, family, client_id)
        return token

    def _mint(self, login: Login, kind: str) -> str:
        login.minted += 1
        word = self.word_for(f"{kind}/{login.label}/{login.minted}", 40)
        return f"sk-ant-{kind}-sim-{_slug(login.label)}-{login.minted}-{word}"

    def find_access(self, token: str) -> tuple[Subscription | ConsoleProfile, AccessToken] | None:
        for login in self.logins().values():
            if (found := login.access.get(token)) is not None:
                return login, found
        return None

    def find_refresh(self, token: str) -> tuple[Subscription | ConsoleProfile, RefreshToken] | None:
        for login in self.logins().values():
            if (found := login.refresh.get(token)) is not None:
                return login, found
        return None

    def add_api_key(
        self, label: str, *, rpm: int = 1000, itpm: int = 450_000, otpm: int = 90_000, seeded: bool = True
    ) -> ApiKey:
        key = ApiKey(
            label=label,
            key=f"sk-ant-api03-sim-{_slug(label)}-{self.word_for(f'api/{label}', 48)}",
            organization_uuid=self.uuid_for(f"organization/{label}"),
            requests=Bucket(rpm),
            input_tokens=Bucket(itpm),
            output_tokens=Bucket(otpm),
            seeded=seeded,
        )
        self.api_keys[label] = key
        return key

    # Puter

    def add_puter(
        self,
        username: str,
        tier: Tier = "free",
        *,
        token_kind: TokenKind = "pat",
        seeded: bool = True,
    ) -> PuterAccount:
        account = PuterAccount(
            username=username,
            uuid=self.uuid_for(f"puter/{username}"),
            tier=tier,
            email=None if tier == "guest" else f"{username}@example.com",
            created_at=self.now() - 90 * 86400,
            seeded=seeded,
        )
        self.puter[account.label] = account
        if seeded:
            self.mint_puter(account, token_kind)
        return account

    def mint_puter(
        self, account: PuterAccount, kind: TokenKind, *, expires_at: float | None = None, version: int = 2
    ) -> str:
        """A token shaped like Puter's JWTs, with `sim` where the signature would be."""
        account.minted += 1
        number = account.minted
        header: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}
        if version == 2:
            header["kid"] = "v2"
        payload: dict[str, Any] = {
            "t": TYPE_IN_TOKEN[kind],
            "v": str(version),
            "uu": base64.b64encode(uuid.UUID(account.uuid).bytes).decode(),
            "sim": True,
        }
        match kind:
            case "pat":
                payload |= {"token_uid": self.uuid_for(f"pat/{account.label}/{number}"), "full_access": True}
            case "scoped":
                payload["token_uid"] = self.uuid_for(f"scoped/{account.label}/{number}")
            case "app":
                payload["au"] = "app-" + self.uuid_for(f"app/{account.label}/{number}")
            case "worker":
                payload |= {"worker": True, "worker_name": "sim"}
            case "session" | "gui":
                payload["su"] = self.uuid_for(f"session/{account.label}/{number}")
        payload["iat"] = int(self.now())
        if expires_at is not None:
            payload["exp"] = int(expires_at)
        signature = f"sim-{_slug(account.label)}-{self.word_for(f'jwt/{account.label}/{number}', 32)}"
        token = f"{_base64url(header)}.{_base64url(payload)}.{signature}"
        account.tokens[token] = PuterToken(kind, expires_at, version=version)
        return token

    def find_puter(self, token: str) -> tuple[PuterAccount, PuterToken] | None:
        for account in self.puter.values():
            if (found := account.tokens.get(token)) is not None:
                return account, found
        return None


def _base64url(value: dict[str, Any]) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _slug(label: str) -> str:
    """A label as it may stand in a token."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in label.lower())
