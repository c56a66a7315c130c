"""The machine that the import picture is taken on: a home folder with what other tools left in it."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOREIGN = ("ANTHROPIC_", "CLAUDE_", "OPENCODE_", "PUTER_", "ROTA_", "XDG_")
"""How the variables begin that other tools and rota look at."""


@contextmanager
def machine(home: Path, logins: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """A person's home with two tools' files, for as long as pictures are taken.

    Args:
        logins: the world's logins, by label.
    """
    shared, key = logins["Side Pro"], logins["Console"]
    _write(
        home / ".local/share/opencode/auth.json",
        {
            "anthropic": {
                "type": "oauth",
                "refresh": shared["refresh_token"],
                "access": shared["access_token"],
                "expires": int(shared["expires_at"] * 1000),
            },
            "openai": {"type": "api", "key": "not-rota-s"},
        },
    )
    added = int(shared["expires_at"] * 1000) - 7 * 86_400_000
    _write(
        home / ".config/opencode/anthropic-accounts.json",
        {
            "version": 1,
            "accounts": [
                {"refresh": "sk-ant-ort01-" + "n" * 40, "email": "night@example.com", "addedAt": added},
                {"refresh": "sk-ant-ort01-" + "o" * 40, "label": "old laptop", "addedAt": added, "enabled": False},
            ],
            "activeIndex": 0,
        },
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    person = {"HOME": str(home), "USERPROFILE": str(home), "ANTHROPIC_API_KEY": key["secret"]}
    with patch.dict(os.environ, {**kept, **person}, clear=True):
        yield


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
    path.chmod(0o600)
