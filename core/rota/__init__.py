"""rota manages a developer's AI accounts: one pool, every quota in sight, failover that explains itself.

    import rota

    async with rota.open() as engine:
        served = await engine.chat(rota.ChatRequest("puter/gpt-5-nano", (rota.Message.user("Hello"),)))
        print(served.reply.text)

`docs/library.md` says what each name is for. Importing this imports neither HTTP, nor the vault, nor any user
interface: each name brings in its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.account import Account, Health, Identity, Kind
    from rota.accounts import Accounts, Added, Removed
    from rota.engine import Engine
    from rota.engine import open_engine as open
    from rota.errors import (
        AllSpent,
        AmbiguousAccount,
        Attempt,
        ConfigError,
        Failure,
        LogDamaged,
        LogTooNew,
        Meaning,
        NothingConfigured,
        ProviderError,
        RotaError,
        SecretMissing,
        SignInFailed,
        StoreError,
        UnknownAccount,
        UnknownModel,
        UsageError,
        VaultError,
        VaultLocked,
    )
    from rota.hub import Batch, Subscription
    from rota.library import AccountUsage, Migration
    from rota.login.flow import SignIn
    from rota.pool.ask import Ask, Hop, Served
    from rota.pool.standing import Standing
    from rota.pool.strategies.base import Strategy
    from rota.pool.stream import PoolStream
    from rota.providers.base import (
        ChatRequest,
        Context,
        Credential,
        Delta,
        Finish,
        Finished,
        Image,
        Message,
        Model,
        Part,
        Provider,
        QuotaReport,
        Reasoning,
        ReasoningDelta,
        Reply,
        ReplyStream,
        Role,
        Text,
        TextDelta,
        Tool,
        ToolCall,
        ToolCallDelta,
        ToolChoice,
        ToolResult,
        Usage,
    )
    from rota.quota import QuotaWindow, Source, Unit
    from rota.replay import Replay
    from rota.secret import Secret
    from rota.settings import Settings
    from rota.snapshot import AccountState, Snapshot

__all__ = [
    "Account",
    "AccountState",
    "AccountUsage",
    "Accounts",
    "Added",
    "AllSpent",
    "AmbiguousAccount",
    "Ask",
    "Attempt",
    "Batch",
    "ChatRequest",
    "ConfigError",
    "Context",
    "Credential",
    "Delta",
    "Engine",
    "Failure",
    "Finish",
    "Finished",
    "Health",
    "Hop",
    "Identity",
    "Image",
    "Kind",
    "LogDamaged",
    "LogTooNew",
    "Meaning",
    "Message",
    "Migration",
    "Model",
    "NothingConfigured",
    "Part",
    "PoolStream",
    "Provider",
    "ProviderError",
    "QuotaReport",
    "QuotaWindow",
    "Reasoning",
    "ReasoningDelta",
    "Removed",
    "Replay",
    "Reply",
    "ReplyStream",
    "Role",
    "RotaError",
    "Secret",
    "SecretMissing",
    "Served",
    "Settings",
    "SignIn",
    "SignInFailed",
    "Snapshot",
    "Source",
    "Standing",
    "StoreError",
    "Strategy",
    "Subscription",
    "Text",
    "TextDelta",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolChoice",
    "ToolResult",
    "Unit",
    "UnknownAccount",
    "UnknownModel",
    "Usage",
    "UsageError",
    "VaultError",
    "VaultLocked",
    "open",
]
__version__ = "0.1.0"

_HOMES = {
    "rota.account": (
        "Account",
        "Health",
        "Identity",
        "Kind",
    ),
    "rota.accounts": (
        "Accounts",
        "Added",
        "Removed",
    ),
    "rota.engine": ("Engine",),
    "rota.errors": (
        "AllSpent",
        "AmbiguousAccount",
        "Attempt",
        "ConfigError",
        "Failure",
        "LogDamaged",
        "LogTooNew",
        "Meaning",
        "NothingConfigured",
        "ProviderError",
        "RotaError",
        "SecretMissing",
        "SignInFailed",
        "StoreError",
        "UnknownAccount",
        "UnknownModel",
        "UsageError",
        "VaultError",
        "VaultLocked",
    ),
    "rota.hub": (
        "Batch",
        "Subscription",
    ),
    "rota.library": (
        "AccountUsage",
        "Migration",
    ),
    "rota.login.flow": ("SignIn",),
    "rota.pool.ask": (
        "Ask",
        "Hop",
        "Served",
    ),
    "rota.pool.standing": ("Standing",),
    "rota.pool.strategies.base": ("Strategy",),
    "rota.pool.stream": ("PoolStream",),
    "rota.providers.base": (
        "ChatRequest",
        "Context",
        "Credential",
        "Delta",
        "Finish",
        "Finished",
        "Image",
        "Message",
        "Model",
        "Part",
        "Provider",
        "QuotaReport",
        "Reasoning",
        "ReasoningDelta",
        "Reply",
        "ReplyStream",
        "Role",
        "Text",
        "TextDelta",
        "Tool",
        "ToolCall",
        "ToolCallDelta",
        "ToolChoice",
        "ToolResult",
        "Usage",
    ),
    "rota.quota": (
        "QuotaWindow",
        "Source",
        "Unit",
    ),
    "rota.replay": ("Replay",),
    "rota.secret": ("Secret",),
    "rota.settings": ("Settings",),
    "rota.snapshot": (
        "AccountState",
        "Snapshot",
    ),
}
"""The public names by the module that each is in."""

_MODULES = {name: module for module, names in _HOMES.items() for name in names} | {"open": "rota.engine"}


def __getattr__(name: str) -> object:
    """Bring in a public name when it is first asked for."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'rota' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), "open_engine" if name == "open" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
