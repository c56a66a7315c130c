"""Rate-limit headers and usage bodies become the same windows under the same keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.providers.anthropic.limits import quota_windows
from rota.providers.anthropic.usage import read_usage
from rota.quota import QuotaWindow, Source, Unit

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
RESET = NOW + 3600
RESET_ISO = "2027-01-15T08:59:59.570750+00:00"  # the fraction jitters around the hour


def unified(**values: str) -> dict[str, str]:
    return {f"Anthropic-Ratelimit-Unified-{name.replace('__', '-')}": value for name, value in values.items()}


def by_key(windows: tuple[QuotaWindow, ...]) -> dict[str, QuotaWindow]:
    assert len({w.key for w in windows}) == len(windows)
    return {w.key: w for w in windows}


HEALTHY = unified(
    **{
        "status": "allowed",
        "reset": str(int(RESET)),
        "representative-claim": "five_hour",
        "5h-status": "allowed",
        "5h-utilization": "0.03",
        "5h-reset": str(int(RESET)),
        "7d-status": "allowed_warning",
        "7d-utilization": "1.02",
        "7d-reset": str(int(RESET) + 86400),
        "7d-surpassed-threshold": "0.75",
        "fallback-percentage": "0.5",
        "overage-status": "rejected",
        "overage-disabled-reason": "org_level_disabled",
    }
)


def test_a_healthy_answers_headers_give_two_windows() -> None:
    five, seven = quota_windows(HEALTHY, NOW)
    assert five == QuotaWindow(
        key="5h",
        label="5h",
        utilization=0.03,
        observed_at=NOW,
        source=Source.HEADERS,
        resets_at=RESET,
        length=18000.0,
        status="allowed",
    )
    assert (seven.key, seven.utilization, seven.status) == ("7d", 1.02, "warning")


@pytest.mark.parametrize(
    ("header", "model", "key", "scope", "label"),
    [
        ("7d_sonnet", None, "7d:sonnet", "sonnet", "7d Sonnet"),
        ("7d_opus", "claude-fable-5", "7d:opus", "opus", "7d Opus"),
        ("7d_oi", "claude-fable-5", "7d:fable", "fable", "7d Fable"),
        ("7d_oi", "claude-3-5-sonnet-20241022", "7d:sonnet", "sonnet", "7d Sonnet"),
        ("7d_oi", None, "7d:overage-included", "overage-included", "7d overage included"),
        ("30d", None, "30d", None, "30d"),  # a window to come
        ("lunar-cycle", None, "lunar-cycle", None, "Lunar cycle"),
    ],
)
def test_every_window_is_kept_known_or_not(
    header: str, model: str | None, key: str, scope: str | None, label: str
) -> None:
    headers = unified(**{f"{header}-utilization": "0.5", f"{header}-status": "allowed"})
    (window,) = quota_windows(headers, NOW, model)
    assert (window.key, window.scope, window.label, window.utilization) == (key, scope, label, 0.5)
    assert window.counts


def test_a_rejection_that_names_its_window_only_as_a_claim_is_found() -> None:
    headers = unified(**{"status": "rejected", "reset": str(int(RESET)), "representative-claim": "seven_day_opus"})
    (window,) = quota_windows(headers, NOW)
    assert (window.key, window.status, window.resets_at) == ("7d:opus", "rejected", RESET)
    assert window.utilization is None


def test_a_known_window_that_the_claim_rejects_keeps_its_figure() -> None:
    headers = unified(**{"status": "rejected", "representative-claim": "five_hour", "5h-utilization": "0.99"})
    (window,) = quota_windows(headers, NOW)
    assert (window.key, window.status, window.utilization) == ("5h", "rejected", 0.99)


def test_a_status_without_a_figure_does_not_wipe_a_figure_known_otherwise() -> None:
    assert quota_windows(unified(**{"5h-status": "allowed", "overage-status": "rejected"}), NOW) == ()


def test_extra_usage_is_shown_and_stops_nothing() -> None:
    (window,) = quota_windows(unified(**{"overage-utilization": "1.0", "overage-status": "rejected"}), NOW)
    assert (window.key, window.label, window.counts) == ("extra", "extra usage", False)


def test_an_api_keys_headers_give_what_is_left_of_the_minute() -> None:
    prefix = "anthropic-ratelimit-"
    windows = by_key(
        quota_windows(
            {
                f"{prefix}requests-limit": "50",
                f"{prefix}requests-remaining": "49",
                f"{prefix}requests-reset": "2027-01-15T08:00:30Z",
                f"{prefix}input-tokens-limit": "30000",
                f"{prefix}input-tokens-remaining": "0",
                f"{prefix}input-tokens-reset": "2027-01-15T08:01:00Z",
                f"{prefix}priority-input-tokens-limit": "10",
                f"{prefix}priority-input-tokens-remaining": "0",
                f"{prefix}tokens-limit": "0",
                f"{prefix}tokens-remaining": "0",
                f"{prefix}output-tokens-limit": "many",
            },
            NOW,
        )
    )
    requests, tokens, priority = windows["requests"], windows["input-tokens"], windows["priority-input-tokens"]
    assert set(windows) == {"requests", "input-tokens", "priority-input-tokens"}
    assert requests.utilization == pytest.approx(0.02)
    assert (requests.unit, requests.used, requests.limit, requests.resets_at) == (Unit.REQUESTS, 1, 50, NOW + 30)
    assert (tokens.unit, tokens.utilization, tokens.spent(NOW)) == (Unit.TOKENS, 1.0, True)
    assert not priority.spent(NOW)  # another tier's limit stops no ordinary request


@given(
    st.dictionaries(
        st.from_regex(r"anthropic-ratelimit-(unified-)?[a-z0-9_-]{1,12}-(status|utilization|reset|limit|remaining)"),
        st.text(),
    )
)
def test_no_header_makes_it_raise(headers: dict[str, str]) -> None:
    for window in quota_windows(headers, NOW):
        assert window.key
        assert window.label


# --- the usage endpoint -----------------------------------------------------------------------------------


def full_body() -> dict[str, Any]:
    return {
        "five_hour": {"utilization": 15.4, "resets_at": RESET_ISO, "limit_dollars": None},
        "seven_day": {"utilization": 48, "resets_at": RESET_ISO},
        "seven_day_oauth_apps": None,
        "seven_day_opus": None,
        "tangelo": None,
        "extra_usage": {
            "is_enabled": True,
            "monthly_limit": None,
            "used_credits": 40843.0,
            "utilization": None,
            "currency": "USD",
            "decimal_places": 2,
            "disabled_reason": None,
        },
        "limits": [
            {"kind": "session", "percent": 15, "severity": "normal", "resets_at": RESET_ISO, "scope": None},
            {"kind": "weekly_all", "percent": 48, "severity": "warning", "resets_at": RESET_ISO, "scope": None},
            {
                "kind": "weekly_scoped",
                "percent": 81,
                "severity": "warning",
                "resets_at": RESET_ISO,
                "scope": {"model": {"id": None, "display_name": "Fable"}, "surface": None},
            },
        ],
        "spend": {"used": {"amount_minor": 40843, "currency": "USD", "exponent": 2}},
        "member_dashboard_available": False,
    }


def test_the_whole_body_gives_each_window_once() -> None:
    windows = by_key(read_usage(full_body(), NOW))
    assert set(windows) == {"5h", "7d", "7d:fable", "extra"}
    assert windows["5h"].utilization == pytest.approx(0.154)  # the finer of the two figures
    assert windows["5h"].resets_at == RESET
    assert windows["7d"].status == "warning"
    fable = windows["7d:fable"]
    assert (fable.scope, fable.label, fable.utilization) == ("fable", "7d Fable", 0.81)
    assert fable.applies_to("claude-fable-5")
    assert not fable.applies_to("claude-opus-5")


def test_extra_usage_is_cents_and_never_binds_where_windows_are() -> None:
    extra = by_key(read_usage(full_body(), NOW))["extra"]
    assert (extra.unit, extra.used, extra.limit, extra.utilization) == (Unit.USD_CENTS, 40843.0, None, None)
    assert not extra.counts


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        # decimal places of the currency are minded: 40.843 dollars said in thousandths
        ({"used_credits": 40843, "monthly_limit": 100000, "decimal_places": 3}, (4084.3, 10000.0, 0.40843)),
        ({"used_credits": 50, "monthly_limit": 200}, (50.0, 200.0, 0.25)),
        ({"used_credits": 50, "monthly_limit": 200, "utilization": 104.0}, (50.0, 200.0, 1.04)),
        ({"used_credits": 50, "monthly_limit": 200, "currency": "EUR"}, (None, None, 0.25)),  # no dollars
    ],
)
def test_an_account_that_has_only_a_budget_is_stopped_by_it(extra: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (window,) = read_usage({"extra_usage": {"is_enabled": True, **extra}}, NOW)
    assert (window.used, window.limit, window.utilization) == pytest.approx(expected, nan_ok=True)
    assert window.counts


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"five_hour": None, "seven_day": None, "limits": []},
        {"five_hour": {"utilization": None, "resets_at": None}},
        {"notice": "Usage is managed by your organization.", "member_dashboard_available": True},
        {"extra_usage": {"is_enabled": False, "used_credits": None}},
        {"limits": "none", "five_hour": 12, "extra_usage": [], "seven_day": {"utilization": True}},
    ],
)
def test_null_is_unknown_and_not_zero(body: dict[str, Any]) -> None:
    assert read_usage(body, NOW) == ()


def test_an_idle_window_is_zero_without_a_reset() -> None:
    (window,) = read_usage({"five_hour": {"utilization": 0, "resets_at": None}}, NOW)
    assert (window.utilization, window.resets_at, window.headroom(NOW)) == (0.0, None, 1.0)


def test_half_a_percent_is_half_a_percent() -> None:
    # The plugin's formatter took 0.5 for a fraction and showed 50 % (anthropic.md 6.3, 6).
    (window,) = read_usage({"five_hour": {"utilization": 0.5}}, NOW)
    assert window.utilization == 0.005


def test_more_than_all_is_kept_as_it_is() -> None:
    (window,) = read_usage({"seven_day": {"utilization": 104.0}}, NOW)
    assert window.utilization == 1.04


def test_unknown_kinds_are_kept_and_made_readable() -> None:
    windows = by_key(
        read_usage(
            {
                "limits": [{"kind": "lunar_cycle", "percent": 12}, {"percent": 5}, "nonsense"],
                "tangelo": {"utilization": 7.0},
                "seven_day_cowork": {"utilization": 100.0},
                "seven_day_oauth_apps": {"utilization": 30.0},
                "seven_day_opus": {"utilization": 40.0},
            },
            NOW,
        )
    )
    assert {key: w.label for key, w in windows.items()} == {
        "lunar-cycle": "Lunar cycle",
        "tangelo": "Tangelo",
        "7d:cowork": "7d Cowork",
        "7d:oauth-apps": "7d OAuth apps",
        "7d:opus": "7d Opus",
    }
    assert windows["tangelo"].counts
    assert not windows["7d:cowork"].counts  # another app's allowance stops nothing of ours
    assert windows["7d:oauth-apps"].applies_to("claude-opus-5")  # an app, not a model
    assert windows["7d:opus"].scope == "opus"


def test_a_window_of_another_surface_stops_nothing() -> None:
    scope = {"model": None, "surface": "routines"}
    (window,) = read_usage({"limits": [{"kind": "weekly_scoped", "percent": 100, "scope": scope}]}, NOW)
    assert (window.key, window.counts, window.scope) == ("7d:routines", False, None)


def test_headers_and_the_usage_endpoint_name_a_window_alike() -> None:
    headers = unified(
        **{"5h-utilization": "0.1", "7d-utilization": "0.2", "7d_oi-utilization": "0.3", "overage-utilization": "0.4"}
    )
    from_headers = by_key(quota_windows(headers, NOW, "claude-fable-5"))
    from_usage = by_key(read_usage(full_body(), NOW))
    assert {k: (w.label, w.scope, w.length) for k, w in from_headers.items()} == {
        k: (w.label, w.scope, w.length) for k, w in from_usage.items()
    }


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)
NAMES = st.sampled_from(["five_hour", "seven_day", "limits", "extra_usage", "spend", "seven_day_opus", "tangelo"])
WINDOW = st.dictionaries(
    st.sampled_from(["utilization", "resets_at", "kind", "percent", "scope", "is_enabled", "decimal_places"]), JSON
)


@given(st.dictionaries(NAMES, st.one_of(JSON, WINDOW, st.lists(WINDOW))))
def test_no_usage_body_makes_it_raise(body: dict[str, Any]) -> None:
    by_key(read_usage(body, NOW))
