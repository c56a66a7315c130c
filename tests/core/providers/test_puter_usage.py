"""whoami says who an account is; metering says what is left of its month."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.puter_captures import capture

from rota.account import Identity, Kind
from rota.errors import Meaning, ProviderError
from rota.providers.puter import usage
from rota.quota import QuotaWindow, Source, Unit, binding


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = _at("2026-11-21T04:47:00")


def _month(info: dict[str, Any], spent: dict[str, Any] | None = None) -> QuotaWindow:
    return usage.report({"usage": spent or {}, "allowanceInfo": info}, NOW).windows[0]


# --- whoami -----------------------------------------------------------------------------------------------


def test_an_account_is_known_by_its_uuid() -> None:
    assert usage.identity(capture("whoami").json) == Identity(
        key="f3f2ec89-0794-4db6-b205-6fddad67edb1",
        kind=Kind.PUTER,
        email="carol@example.com",
        name="carol",
    )


def test_a_guest_is_recognised() -> None:
    who = usage.identity(capture("whoami-guest").json)
    assert (who.kind, who.plan, who.email, who.gate) == (Kind.PUTER_GUEST, "Guest", None, None)


def test_a_gated_account_is_an_identity_that_says_what_to_do() -> None:
    who = usage.identity(capture("whoami-unconfirmed-email").json)
    assert who.kind is Kind.PUTER
    assert who.gate == "Confirm your email address on puter.com."


def test_several_gates_are_all_said_and_a_databases_one_is_a_yes() -> None:
    answer = {**capture("whoami").json, "requires_phone_verification": 1, "requires_card_verification": True}
    assert usage.identity(answer).gate == (
        "Verify your phone number on puter.com. Verify a payment card on puter.com."
    )


def test_an_app_token_is_told_less_and_is_no_guest_for_it() -> None:
    answer = {"uuid": "u", "username": "carol", "app_name": "app-1", "is_temp": False}
    assert usage.identity(answer) == Identity("u", Kind.PUTER, name="carol")


@pytest.mark.parametrize(
    ("subscription", "plan"),
    [
        ("Pro", "Pro"),
        ({"name": "Pro"}, "Pro"),
        ({"tier": "Max"}, "Max"),
        ({"active": True}, None),
        (7, None),
        ("", None),
    ],
)
def test_a_named_plan_is_believed(subscription: object, plan: str | None) -> None:
    assert usage.identity({"uuid": "u", "subscription": subscription}).plan == plan


@pytest.mark.parametrize("answer", [{}, {"uuid": None}, {"uuid": 7}, {"username": "carol"}])
def test_an_answer_without_a_uuid_is_nobody(answer: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as raised:
        usage.identity(answer)
    assert raised.value.failure.meaning is Meaning.NETWORK


@pytest.mark.parametrize(
    ("info", "plan"),
    [
        ({"monthUsageAllowance": 50_000_000}, "Free"),
        # What registered accounts had until August 2026.
        ({"monthUsageAllowance": 25_000_000}, "Free"),
        ({"monthUsageAllowance": 1_000_000_000}, "Paid"),
        # A secret multiplier hides the size; an unlimited account has none.
        ({"monthUsageAllowance": 50, "unit": "credits"}, None),
        ({"monthUsageAllowance": None}, None),
        ({}, None),
    ],
)
def test_the_allowance_gives_the_plan_away(info: dict[str, Any], plan: str | None) -> None:
    assert usage.with_plan(Identity("u", Kind.PUTER), {"allowanceInfo": info}).plan == plan


# --- metering ---------------------------------------------------------------------------------------------


def test_a_month_of_microcents_is_read() -> None:
    (month,) = usage.report(capture("metering-usage").json, NOW).windows
    assert month == QuotaWindow(
        key="month",
        label="month",
        utilization=(50_000_000 - 49863630.387808084) / 50_000_000,
        observed_at=NOW,
        source=Source.USAGE,
        unit=Unit.MICROCENTS,
        used=50_000_000 - 49863630.387808084,
        limit=50_000_000,
        resets_at=_at("2026-12-01"),
        length=30 * 86400,
    )


def test_an_exhausted_month_is_spent_until_its_end() -> None:
    (month,) = usage.report(capture("metering-usage-exhausted").json, NOW).windows
    assert (month.utilization, month.status, month.used) == (1.0, "rejected", 50_000_000)
    assert month.spent(NOW)
    assert not month.spent(_at("2026-12-01"))


def test_a_guests_month_is_untouched() -> None:
    (month,) = usage.report(capture("metering-usage-guest").json, NOW).windows
    assert (month.utilization, month.limit, month.status) == (0.0, 25_000_000, None)


def test_less_than_the_least_that_puter_asks_for_is_nothing() -> None:
    assert _month({"remaining": 0.4, "monthUsageAllowance": 50_000_000}).spent(NOW)
    assert not _month({"remaining": 1.0, "monthUsageAllowance": 50_000_000}).spent(NOW)


def test_purchased_credits_keep_an_account_going_after_its_allowance() -> None:
    info = {
        "remaining": 30_000_000,
        "monthUsageAllowance": 50_000_000,
        "addons": {"purchasedCredits": 100_000_000, "consumedPurchaseCredits": 70_000_000},
    }
    month, bought = usage.report({"allowanceInfo": info}, NOW).windows
    assert (month.used, month.limit, month.utilization) == (50_000_000, 80_000_000, 0.625)
    assert not month.spent(NOW)
    assert (bought.key, bought.used, bought.limit, bought.utilization) == ("credits", 70_000_000, 100_000_000, 0.7)
    # It is money to look at: the month already counts what is left of it.
    assert bought.resets_at is None
    assert binding((month, bought), None, NOW) == month


def test_credits_are_credits_and_never_money() -> None:
    info = {"unit": "credits", "remaining": 0.25, "monthUsageAllowance": 1.0, "addons": {"purchasedCredits": 2}}
    windows = usage.report({"allowanceInfo": info}, NOW).windows
    assert {window.unit for window in windows} == {Unit.CREDITS}
    assert windows[0].status is None
    assert _month({"unit": "credits", "remaining": 0, "monthUsageAllowance": 1.0}).status == "rejected"


@pytest.mark.parametrize(
    ("info", "spent", "utilization"),
    [
        # An older server without `remaining`: from what was used, were it more than there is.
        ({"monthUsageAllowance": 100}, {"allowanceUsed": 25}, 0.25),
        ({"monthUsageAllowance": 100}, {"total": 50}, 0.5),
        ({"monthUsageAllowance": 100}, {"total": 700}, 1.0),
        ({"monthUsageAllowance": 100}, {}, 0.0),
        # No allowance at all.
        ({"monthUsageAllowance": 0, "remaining": 0}, {}, 1.0),
        # Unlimited (JSON has no infinity), or nothing said: unknown, not zero.
        ({"monthUsageAllowance": None, "remaining": None}, {"total": 5}, None),
        ({}, {}, None),
        ({"monthUsageAllowance": "50"}, {}, None),
    ],
)
def test_missing_figures_are_worked_out_or_unknown(
    info: dict[str, Any], spent: dict[str, Any], utilization: float | None
) -> None:
    assert _month(info, spent).utilization == utilization


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-11-21T04:47:00", "2026-11-01", "2026-12-01"),
        ("2026-12-31T23:59:59", "2026-12-01", "2027-01-01"),
        ("2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
        ("2027-01-01T00:00:00", "2027-01-01", "2027-02-01"),
    ],
)
def test_a_month_is_utcs(now: str, start: str, end: str) -> None:
    assert usage.month_bounds(_at(now)) == (_at(start), _at(end))
