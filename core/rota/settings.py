"""What a person can set: every setting with its default, its meaning and its allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rota.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

FREE_MODELS = tuple(
    f"openrouter:{name}:free"
    for name in (
        "xiaomi/mimo-v2-flash",
        "deepseek/deepseek-r1-0528",
        "mistralai/devstral-2512",
        "qwen/qwen3-coder",
        "mistralai/devstral-small-2505",
        "qwen/qwen2.5-coder-32b-instruct",
        "google/gemini-2.0-flash-exp",
        "meta-llama/llama-4-maverick",
        "meta-llama/llama-4-scout",
        "meta-llama/llama-3.3-70b-instruct",
        "qwen/qwen3-235b-a22b",
        "qwen/qwen3-30b-a3b",
        "deepseek/deepseek-chat-v3.1",
        "nvidia/llama-3.1-nemotron-ultra-253b-v1",
        "openai/gpt-oss-120b",
        "openai/gpt-oss-20b",
        "google/gemma-3-27b-it",
        "mistralai/mistral-small-3.2-24b-instruct",
    )
)
"""The free models that the Puter plugin tried in this order (protocols/puter.md 8.2)."""

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting means and may be; read by the checker, the Settings screen and the README's table."""

    help: str
    ge: float | None = None
    le: float | None = None
    choices: tuple[str, ...] = ()
    url: bool = False
    """An http(s) address, plain http to this machine only: secrets are sent there."""
    clock_span: bool = False
    """Empty, or from one time of day to another: `22:00-07:00`."""
    restart: bool = False
    """Whether a running rota must be started again to see a change."""
    keys: tuple[str, ...] = ()
    """Suggested keys of a table; others are allowed."""
    group: str = ""
    """The entry points whose names are choices too; see `rota.plugins`."""


def setting(
    default: T,
    *,
    help: str,
    ge: float | None = None,
    le: float | None = None,
    choices: Sequence[str] = (),
    url: bool = False,
    clock_span: bool = False,
    restart: bool = False,
    keys: Sequence[str] = (),
    group: str = "",
) -> T:
    """Declare one setting of a section; bounds also hold for each entry of a list or table."""
    rule = Rule(help, ge, le, tuple(choices), url, clock_span, restart, tuple(keys), group)
    if isinstance(default, Mapping):
        frozen = MappingProxyType(dict(default))
        return cast("T", field(default_factory=lambda: frozen, metadata={"rule": rule}))
    made: Any = field(default=default, metadata={"rule": rule})
    return cast("T", made)


STRATEGIES = ("round-robin", "least-recently-used", "lowest-utilization", "soonest-reset", "auto")
ORDERS = ("accounts-first", "models-first")
ORDER_HELP = (
    "What is tried next when a model has a fallback chain: the same model on other accounts, "
    "or the next model on the same account."
)


@dataclass(frozen=True, slots=True)
class AnthropicSettings:
    """Console API keys and Claude subscriptions."""

    api_url: str = setting("https://api.anthropic.com", url=True, restart=True, help="Where requests go.")
    auth_url: str = setting(
        "https://platform.claude.com", url=True, restart=True, help="Where sign-in codes and tokens are exchanged."
    )
    authorize_url: str = setting(
        "https://claude.com/cai", url=True, restart=True, help="Where the browser signs in to a Claude subscription."
    )
    route_subscriptions: bool = setting(
        False,
        help="Send requests through Claude subscriptions; Anthropic says those logins are for its own apps.",
    )
    order: str = setting("accounts-first", choices=ORDERS, help=ORDER_HELP)


@dataclass(frozen=True, slots=True)
class PuterSettings:
    """Accounts and guests of Puter."""

    api_url: str = setting("https://api.puter.com", url=True, restart=True, help="Where requests go.")
    gui_url: str = setting("https://puter.com", url=True, restart=True, help="Where the browser signs in.")
    order: str = setting("models-first", choices=ORDERS, help=ORDER_HELP)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Providers that other packages register."""

    urls: Mapping[str, str] = setting(
        {},
        url=True,
        restart=True,
        help="Where such a provider is, by its name: `local` = `http://127.0.0.1:8080/v1`.",
    )


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Which account and model serve a request, and what happens when one cannot."""

    strategy: str = setting(
        "auto", choices=STRATEGIES, group="rota.strategies", help="Which account serves a new session."
    )
    rotation: bool = setting(True, help="Move to another account when one cannot serve; off: keep the one in use.")
    fallback: bool = setting(True, help="Move to another model when one cannot serve; a request may forbid it.")
    fallback_models: Mapping[str, tuple[str, ...]] = setting(
        {"anthropic": (), "puter": FREE_MODELS},
        keys=("anthropic", "puter"),
        help="The models tried in this order when the one asked for cannot serve, by provider.",
    )
    max_attempts: int = setting(24, ge=1, le=200, help="How many accounts and models one request tries at most.")
    deadline_s: float = setting(120.0, ge=1, le=3600, help="Seconds after which a request starts no further attempt.")
    cooldown_base_s: float = setting(
        300.0,
        ge=1,
        le=86_400,
        help="Seconds an account is held when the provider gives no time; twice, three, four times as long in a row.",
    )
    cooldown_cap_s: float = setting(
        21_600.0, ge=60, le=604_800, help="Seconds after which a longer hold is probed whether it still stands."
    )
    model_cooldown_s: float = setting(60.0, ge=1, le=86_400, help="Seconds a limited model is held.")
    throttle_wait_s: float = setting(
        10.0, ge=0, le=300, help="The longest wait, in seconds, on the same account for a per-minute limit."
    )
    retries: int = setting(3, ge=0, le=10, help="How often the same account is asked again when it is overloaded.")
    retry_base_s: float = setting(1.0, ge=0.01, le=60, help="Seconds before the first retry; doubled each time.")
    retry_cap_s: float = setting(30.0, ge=0.1, le=600, help="The longest wait between retries, in seconds.")
    session_ttl_s: float = setting(
        3600.0, ge=0, le=7200, help="Seconds a session keeps its account after its last request; 0: it never does."
    )
    thresholds: Mapping[str, float] = setting(
        {"5h": 0.9, "7d": 0.95, "month": 0.98},
        ge=0.05,
        le=1,
        keys=("5h", "7d", "month"),
        help="The used share of a window at which `auto` moves on before the limit.",
    )
    refresh_ahead_s: float = setting(
        300.0, ge=30, le=3600, help="Seconds before it expires that an access token is renewed."
    )


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """How often providers are asked what is left."""

    enabled: bool = setting(True, help="Ask usage endpoints; off: only what answers to requests tell.")
    floor_s: float = setting(
        180.0, ge=120, le=86_400, help="Seconds between two reads of one Anthropic account at the fastest."
    )
    idle_s: float = setting(480.0, ge=120, le=86_400, help="Seconds between two reads of an idle account.")
    reads_per_hour: int = setting(
        26,
        ge=1,
        le=30,
        help="Reads an hour of one Anthropic account near its limit; about 30 are shared with every other tool.",
    )
    puter_floor_s: float = setting(
        60.0, ge=15, le=86_400, help="Seconds between two reads of one Puter account at the fastest."
    )


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The local endpoint for other programs."""

    host: str = setting(
        "127.0.0.1", restart=True, help="The address listened on; anything but loopback needs `gateway.allow_remote`."
    )
    port: int = setting(7682, ge=0, le=65_535, restart=True, help="The port listened on; 0 takes any free one.")
    allow_remote: bool = setting(
        False, restart=True, help="Let other machines in, with a key. Your accounts are then open to your network."
    )
    hold_seconds: float = setting(
        0.0,
        ge=0,
        le=3600,
        restart=True,
        help="Seconds a request is kept waiting while every account is cooling; 0: say so at once.",
    )
    max_body_bytes: int = setting(
        32 * MIB, ge=1024, le=512 * MIB, restart=True, help="The largest request body taken."
    )
    max_concurrent: int = setting(512, ge=1, le=10_000, restart=True, help="Requests served at the same time.")
    read_timeout_s: float = setting(
        30.0, ge=1, le=600, restart=True, help="Seconds a client may take to send its request."
    )
    stop_grace_s: float = setting(
        10.0, ge=0, le=600, restart=True, help="Seconds that running answers get to finish on stopping."
    )
    with_app: bool = setting(False, restart=True, help="Start the endpoint together with the app.")


@dataclass(frozen=True, slots=True)
class TimeoutSettings:
    """How long providers may take."""

    connect_s: float = setting(10.0, ge=0.1, le=300, help="Seconds to connect.")
    first_content_s: float = setting(120.0, ge=1, le=3600, help="Seconds until a stream's first content.")
    between_chunks_s: float = setting(60.0, ge=1, le=3600, help="Seconds of silence in the middle of a stream.")
    answer_s: float = setting(600.0, ge=1, le=7200, help="Seconds for a whole answer that is not streamed.")


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the app looks and which keys it takes."""

    theme: str = setting("rota-dark", help="The colours; the Settings screen lists and previews them.")
    ascii: bool = setting(False, help="Draw with plain characters only.")
    animations: bool = setting(True, help="Let things move; off for slow links and calm eyes.")
    keys: Mapping[str, str] = setting(
        {}, help="Other keys for commands, by the command's id: `add-account` = `ctrl+n`."
    )


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The test chat and `rota chat`."""

    model: str = setting("", help="The model asked when none is said; empty: the last one used.")
    max_tokens: int = setting(4096, ge=1, le=1_000_000, help="The longest answer, in tokens.")


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What rota speaks up about, and how."""

    enabled: bool = setting(True, help="Say anything at all.")
    thresholds: tuple[float, ...] = setting(
        (0.8, 0.95), ge=0.01, le=1, help="Used shares of a window that are worth a word, each once."
    )
    spent: bool = setting(True, help="Say when an account is spent, and when it comes back.")
    sign_in: bool = setting(True, help="Say when an account needs a new sign-in.")
    sign_in_days: float = setting(3.0, ge=0, le=60, help="Say so these days before a sign-in ends; 0: not before.")
    runway_minutes: float = setting(
        30.0, ge=0, le=1440, help="Say so this many minutes before the whole pool runs dry; 0: not before."
    )
    quiet_hours: str = setting("", clock_span=True, help="When only the app itself may speak: `22:00-07:00`.")
    toast: bool = setting(True, help="Show a note in the app.")
    desktop: bool = setting(False, help="Show a notification on the desktop, where the system has them.")
    bell: bool = setting(False, help="Ring the terminal's bell.")
    title: bool = setting(True, help="Say the worst thing in the terminal's title while the app is open.")
    command: str = setting("", help="A command to run, with the alert as JSON on its standard input.")


@dataclass(frozen=True, slots=True)
class CatalogueSettings:
    """The list of models."""

    cache_ttl_s: float = setting(300.0, ge=0, le=604_800, help="Seconds until the list is fetched again.")
    aliases: Mapping[str, str] = setting({}, help="Names of your own for models: `fast` = `puter/gpt-5-nano`.")


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How long the event log remembers."""

    events_days: float = setting(30.0, ge=1, le=3650, restart=True, help="Days until events are thinned to samples.")


@dataclass(frozen=True, slots=True)
class StatsSettings:
    """Latency, speed and errors per model."""

    max_samples: int = setting(
        200, ge=10, le=100_000, restart=True, help="The last requests a model's figures are taken from."
    )


@dataclass(frozen=True, slots=True)
class DebugLogSettings:
    """The debug log, once `debug` is on."""

    level: str = setting(
        "debug", choices=("error", "info", "debug"), restart=True, help="The least serious lines written."
    )
    folder: str = setting("", restart=True, help="Where it is written; empty: rota's log folder.")
    max_bytes: int = setting(5 * MIB, ge=65_536, le=1024 * MIB, restart=True, help="Bytes until a new file begins.")
    keep_files: int = setting(3, ge=1, le=100, restart=True, help="How many full files are kept.")


@dataclass(frozen=True, slots=True)
class SharingSettings:
    """Logins shared with other tools: a renewed one is written back, one renewed there is taken over."""

    opencode: bool = setting(True, restart=True, help="OpenCode's `auth.json`.")
    anthropic_accounts: bool = setting(
        True, restart=True, help="The plugin anthropic-multi-auth's `anthropic-accounts.json`."
    )
    puter_accounts: bool = setting(True, restart=True, help="The plugin opencode-puter-auth's `puter-accounts.json`.")
    multi_account: bool = setting(
        True, restart=True, help="Both generations of `anthropic-multi-account-accounts.json`."
    )
    claude_code: bool = setting(
        True, restart=True, help="Claude Code's own login: read for its usage, never renewed by rota."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set, checked."""

    vault: str = setting(
        "auto",
        choices=("auto", "keyring", "file"),
        restart=True,
        help="Where secrets are kept: the system keyring, a private file, or the keyring where one works.",
    )
    debug: bool = setting(False, restart=True, help="Write a debug log, free of secrets and of what you ask.")
    log_format: str = setting(
        "text", choices=("text", "json"), restart=True, help="Debug lines for people, or one object a line."
    )
    anthropic: AnthropicSettings = field(default_factory=AnthropicSettings)
    puter: PuterSettings = field(default_factory=PuterSettings)
    providers: ProviderSettings = field(default_factory=ProviderSettings)
    pool: PoolSettings = field(default_factory=PoolSettings)
    usage: UsageSettings = field(default_factory=UsageSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    timeouts: TimeoutSettings = field(default_factory=TimeoutSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    chat: ChatSettings = field(default_factory=ChatSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    catalogue: CatalogueSettings = field(default_factory=CatalogueSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    stats: StatsSettings = field(default_factory=StatsSettings)
    log: DebugLogSettings = field(default_factory=DebugLogSettings)
    sharing: SharingSettings = field(default_factory=SharingSettings)

    def order(self, provider: str) -> str:
        """Whether the next account or the next model is tried first for this provider."""
        return {"anthropic": self.anthropic.order, "puter": self.puter.order}.get(provider, "accounts-first")
