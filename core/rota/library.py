"""What a program asks of an engine in one call: figures, a sign-in, an import. Screens go step by step instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.account import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rota.account import Account
    from rota.accounts import Added
    from rota.engine import Engine
    from rota.migrate.apply import Report
    from rota.migrate.plan import Plan
    from rota.quota import QuotaWindow


@dataclass(frozen=True, slots=True)
class AccountUsage:
    """What is used and left of one account."""

    account: Account
    windows: tuple[QuotaWindow, ...]
    """By key; each says its unit, its source and when it was seen (epoch seconds)."""
    asked_at: float | None
    """When the provider's usage endpoint was last asked, epoch seconds; None: never."""
    problem: str | None
    """Why there are no newer figures; None when nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Migration:
    """An import as planned, and what it did."""

    plan: Plan
    report: Report | None
    """None when nothing was to be written."""


async def usage(engine: Engine, account: str | None, *, refresh: bool) -> tuple[AccountUsage, ...]:
    """See `Engine.usage`."""
    wanted = [engine.find(account)] if account is not None else engine.snapshot.listed()
    problems = {state.id: await engine.refresh_usage(state.id) for state in wanted} if refresh else {}
    now = [state for each in wanted if (state := engine.snapshot.account(each.id)) is not None]
    return tuple(
        AccountUsage(
            account=state.account,
            windows=tuple(window for _, window in sorted(state.windows.items())),
            asked_at=state.poll.at if state.poll is not None else None,
            problem=problems.get(state.id) or (state.poll.problem if state.poll is not None else None),
        )
        for state in now
    )


async def by_browser(
    engine: Engine, provider: str, *, label: str | None, show: Callable[[str], object] | None
) -> Added:
    """See `Engine.login`."""
    async with engine.sign_in(provider) as attempt:
        if show is not None:
            show(attempt.url)
        else:
            import webbrowser  # late: seldom wanted

            await asyncio.to_thread(webbrowser.open, attempt.url)
        return await engine.finish_sign_in(provider, attempt, label=label)


def kind_of_secret(provider: str) -> Kind:
    """What a pasted secret of a provider is."""
    return Kind.PUTER if provider == "puter" else Kind.API_KEY


async def migrate(
    engine: Engine, only: Iterable[str], *, dry_run: bool, online: bool, subscriptions: bool
) -> Migration:
    """See `Engine.migrate`."""
    desk = await engine.imports()
    plan = await desk.plan(only, online=online)
    if not subscriptions:
        plan = plan.without(i.key for i in plan.wanted if i.record.credential.kind is Kind.SUBSCRIPTION)
    if dry_run or not (plan.wanted or any(change.differs for change in plan.settings)):
        return Migration(plan, None)
    return Migration(plan, await desk.apply(plan))
