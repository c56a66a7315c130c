"""Events told in words: one sentence each, for the activity strip, the activity log and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from rota import events as happened
from rota.account import Health
from rota.model_names import instead_of
from rota_tui.formatting import clock, took, usd
from rota_tui.pieces import Line, Piece, Tone, clean
from rota_tui.wording import cause, provider_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from rota.events import Event


@dataclass(frozen=True, slots=True)
class Said:
    """An event in words."""

    at: float
    tone: Tone
    line: Line
    same_as: tuple[str, ...] = ()
    """Equal and not empty: one more of the same, which a strip may count instead of repeating."""


def sentence(
    event: Event, label: Callable[[str], str], tz: tzinfo | None, *, called: Callable[[str], str] = clean
) -> Said | None:
    """An event as a sentence for people; None for those that only move figures.

    Args:
        called: what a model is called, where its whole name is too long.
    """

    def name(account_id: str) -> Piece:
        return Piece(clean(label(account_id)), Tone.NAME)

    def said(tone: Tone, *parts: str | Piece, same_as: tuple[str, ...] = ()) -> Said:
        line = tuple(p if isinstance(p, Piece) else Piece(clean(p)) for p in parts if p)
        return Said(event.at, tone, line, same_as)

    match event:
        case happened.AccountAdded(account=account):
            return said(Tone.OK, Piece(clean(account.label), Tone.NAME), f" added, {provider_name(account.provider)}")
        case happened.AccountRenewed(account_id=account_id):
            return said(Tone.OK, name(account_id), " signed in again")
        case happened.AccountLabelled(account_id=account_id):
            return said(Tone.QUIET, name(account_id), " has a new label")
        case happened.AccountEnabled(account_id=account_id):
            return said(Tone.QUIET, name(account_id), " turned on")
        case happened.AccountDisabled(account_id=account_id):
            return said(Tone.QUIET, name(account_id), " turned off")
        case happened.AccountReserved(account_id=account_id, reserve=reserve):
            return said(Tone.QUIET, name(account_id), " held in reserve" if reserve else " back from reserve")
        case happened.AccountRemoved():
            return said(Tone.QUIET, "an account was removed")
        case happened.HealthChanged(account_id=account_id, health=health, reason=why):
            return _health(said, name(account_id), health, why)
        case happened.TokenRefreshed(account_id=account_id):
            return said(Tone.QUIET, name(account_id), " got a new token")
        case happened.RefreshFailed(account_id=account_id, reason=why):
            return said(Tone.LOW, name(account_id), f" could not renew its token: {why}")
        case happened.UsagePolled(account_id=account_id, problem=str(problem)):
            return said(
                Tone.QUIET, name(account_id), f" gave no new figures: {problem}", same_as=(account_id, problem)
            )
        case happened.CooldownStarted(account_id=account_id, until=until, meaning=meaning, model=model):
            what = f"{called(model)} on " if model else ""
            ending = f" cooling until {clock(until, event.at, tz)}: {cause(meaning)}"
            return said(Tone.COOLING, what, name(account_id), ending)
        case happened.CooldownLifted(account_id=account_id, reason=why, model=model):
            what = f"{called(model)} on " if model else ""
            return said(Tone.OK, what, name(account_id), f"'s cooldown ended early: {why}")
        case happened.ModelCooled(model=model, until=until, meaning=meaning):
            ending = f" cooling until {clock(until, event.at, tz)}: {cause(meaning)}"
            return said(Tone.COOLING, Piece(called(model), Tone.NAME), ending)
        case happened.ModelLifted(model=model, reason=why):
            return said(Tone.OK, Piece(called(model), Tone.NAME), f"'s cooldown ended early: {why}")
        case happened.AccountSwitched(account_id=account_id, previous_id=previous, reason=why):
            if previous is None:
                return said(Tone.ACTIVE, name(account_id), f" serves new sessions: {why}")
            return said(Tone.ACTIVE, name(account_id), " took over from ", name(previous), f": {why}")
        case happened.AccountPinned(account_id=account_id, provider=provider):
            if account_id is None:
                return said(Tone.QUIET, f"{provider_name(provider)} unpinned")
            return said(Tone.ACTIVE, name(account_id), f" pinned for {provider_name(provider)}")
        case happened.AttemptFailed(attempt=attempt, next_step=step):
            ending = f" did not serve {called(attempt.model)}: {step or cause(attempt.meaning)}"
            return said(Tone.LOW, name(attempt.account_id), ending)
        case happened.RequestServed():
            return _served(said, name(event.account_id), event, called)
        case happened.RequestFailed(requested_model=model, message=message):
            return said(Tone.SPENT, f"{called(model)} got no answer: {message}")
        case happened.GatewayStarted(host=host, port=port):
            return said(Tone.OK, f"gateway listens on {host}:{port}")
        case happened.GatewayStopped():
            return said(Tone.QUIET, "gateway stopped")
        case happened.GatewayKeyAdded(name=key):
            return said(Tone.QUIET, f"gateway key {key} made")
        case happened.GatewayKeyRevoked(name=key):
            return said(Tone.QUIET, f"gateway key {key} revoked")
        case happened.AccountsImported(source=source, account_ids=ids):
            return said(Tone.OK, f"{len(ids)} account{'s' * (len(ids) != 1)} imported from {source}")
        case happened.ImportUndone():
            return said(Tone.QUIET, "an import was undone")
        case happened.AlertRaised(text=text):
            return said(Tone.LOW, text)
        case (
            happened.AccountDescribed()
            | happened.AccountReordered()
            | happened.AccountPrioritized()
            | happened.QuotaObserved()
            | happened.UsagePolled()
            | happened.SessionBound()
            | happened.RequestStarted()
        ):
            return None
        case _:
            assert_never(event)


def _health(said: Callable[..., Said], who: Piece, health: Health, why: str) -> Said:
    ending = f": {why}" if why else ""
    match health:
        case Health.READY:
            return said(Tone.OK, who, f" is ready{ending}")
        case Health.NEEDS_LOGIN:
            return said(Tone.SPENT, who, f" needs a sign-in{ending}")
        case Health.GATED:
            return said(Tone.SPENT, who, f" needs you at the provider{ending}")
        case Health.SUSPENDED:
            return said(Tone.SPENT, who, f" was suspended by the provider{ending}")


def _served(
    said: Callable[..., Said], who: Piece, event: happened.RequestServed, called: Callable[[str], str]
) -> Said:
    asked = f" instead of {called(wanted)}" if (wanted := instead_of(event)) else ""
    cost = f", {usd(event.cost_usd)}" if event.cost_usd else ""
    return said(
        Tone.QUIET,
        who,
        f" answered {called(event.model)}{asked} for {event.client} in {took(event.duration)}{cost}",
        same_as=(event.account_id, event.model, event.requested_model, event.client),
    )
