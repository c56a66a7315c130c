"""A person's home folder as other tools leave it: small builders for their files."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rota.migrate import survey
from rota.migrate.places import Places

if TYPE_CHECKING:
    from pathlib import Path

    from rota.migrate.records import Reading

NOW = 1_800_000_000.0
"""What the manual clock says at the start."""
NOW_MS = int(NOW * 1000)
ALICE, BOB = "user-a/org-a", "user-b/org-b"


def token(kind: str, name: str) -> str:
    """A made-up token that looks like one: `ort` refresh, `oat` access, `api` key."""
    return f"sk-ant-{kind}01-{name}-" + "x" * 24


def puter_token(user: str, name: str = "pat") -> str:
    """A made-up Puter token of a user id, as its JWT carries it."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    packed = base64.b64encode(UUID(user).bytes).decode()
    return f"{part({'alg': 'HS256', 'kid': 'v2'})}.{part({'t': 't', 'uu': packed, 'token_uid': name})}.{'s' * 43}"


def oauth(name: str, *, expires_ms: int = NOW_MS + 3_600_000) -> dict[str, Any]:
    """An OAuth entry of OpenCode's auth.json."""
    return {"type": "oauth", "refresh": token("ort", name), "access": token("oat", name), "expires": expires_ms}


@dataclass
class Machine:
    """A home folder and an environment."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    system: str = "linux"

    @property
    def places(self) -> Places:
        return Places(home=self.home, environ=self.environ, system=self.system)

    @property
    def auth(self) -> Path:
        return self.home / ".local/share/opencode/auth.json"

    @property
    def plugin_accounts(self) -> Path:
        return self.home / ".config/opencode/anthropic-accounts.json"

    @property
    def puter_accounts(self) -> Path:
        return self.home / ".config/opencode/puter-accounts.json"

    def write(self, path: Path | str, value: Any, *, mode: int = 0o600) -> Path:
        """A file of JSON, or of just this text."""
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(value if isinstance(value, str) else json.dumps(value, indent=2), "utf-8")
        os.chmod(target, mode)
        return target

    def read(self, *only: str) -> tuple[Reading, ...]:
        return survey.read(self.places, only)

    def reading(self, source: str) -> Reading:
        (reading,) = self.read(source)
        return reading
