"""`rota why`: one request's whole story, each try with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import requests as complete_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.errors import Attempt
    from rota.events import Event, RequestFailed, RequestServed
    from rota.snapshot import Snapshot
    from rota_tui.cli.terminal import Look
    from rota_tui.pieces import Line


@click.command("why", epilog="Examples: `rota why` · `rota why 0000001f --json`")
@click.argument("request", required=False, shell_complete=complete_requests)
@click.option("--json", "as_json", is_flag=True, help="One versioned JSON object.")
def command(request: str | None, as_json: bool) -> None:
    """Tell why REQUEST (an id or its start; the last one without) went to the account and model that it went to."""
    from rota.errors import UsageError
    from rota.snapshot import Snapshot
    from rota_tui.cli import reading

    with reading.reading() as log:
        snapshot = log.snapshot if log is not None else Snapshot()
        story: list[Event] = []
        if log is not None:
            last = log.recent(1, kinds=("RequestServed", "RequestFailed")) if request is None else []
            wanted = request or next((str(getattr(event, "request_id", "")) for event in last), "")
            story = log.story(wanted) if wanted else []
    if not story:
        asked = f"There is no request {request} in the log." if request else "No request was made yet."
        raise UsageError(asked, hint="See `rota events` for what there is.")
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json(_document(story, snapshot))
        return
    from rota_tui.cli.terminal import look, rendered

    how = look()
    click.echo(rendered(_lines(story, snapshot, how), how))


def _label(snapshot: Snapshot, account_id: str) -> str:
    state = snapshot.accounts.get(account_id)
    return state.account.label if state is not None and state.known else account_id


def _end(story: Sequence[Event]) -> RequestServed | RequestFailed | None:
    from rota.events import RequestFailed, RequestServed

    return next((e for e in reversed(story) if isinstance(e, RequestServed | RequestFailed)), None)


def _document(story: Sequence[Event], snapshot: Snapshot) -> dict[str, Any]:
    from rota.documents import story_document

    return story_document(story, lambda account_id: _label(snapshot, account_id))


def _lines(story: Sequence[Event], snapshot: Snapshot, look: Look) -> list[Line]:
    from rota.events import AttemptFailed, RequestServed, RequestStarted
    from rota.model_names import instead_of
    from rota_tui.formatting import stamp, took, usd
    from rota_tui.pieces import Piece, Tone, clean

    end = _end(story)
    began = story[0].at if end is None or not end.started_at else end.started_at
    request_id = str(getattr(story[0], "request_id", ""))
    lines: list[Line] = [(Piece("request ", Tone.QUIET), Piece(request_id, Tone.NAME))]
    if end is not None:
        asked = f"{clean(end.client)} asked for {clean(end.requested_model)} at {stamp(began, look.tz)}"
        lines.append((Piece(asked),))
    for event in story:
        at = Piece(f"  +{max(0.0, event.at - began):5.1f} s  ", Tone.QUIET)
        if isinstance(event, RequestStarted):
            why = f": {clean(event.reason)}" if event.reason else ""
            who = Piece(clean(_label(snapshot, event.account_id)), Tone.NAME)
            lines.append((at, Piece("tried "), who, Piece(f" with {clean(event.model)}{why}")))
        elif isinstance(event, AttemptFailed):
            lines.append((at, *_failed(event.attempt), Piece(f"; {clean(event.next_step)}", Tone.QUIET)))
    if isinstance(end, RequestServed):
        cost = f", {usd(end.cost_usd)}" if end.cost_usd is not None else ""
        first = f", first content after {took(end.first_token)}" if end.first_token is not None else ""
        who = Piece(clean(_label(snapshot, end.account_id)), Tone.OK)
        tokens = f"{end.input_tokens}+{end.output_tokens} tokens"
        asked = f" instead of {clean(wanted)}" if (wanted := instead_of(end)) else ""
        told = f" answered with {clean(end.model)}{asked} in {took(end.duration)}{first}, {tokens}{cost}"
        lines += [(Piece("served   ", Tone.OK), who, Piece(told))]
    elif end is not None:
        lines += [(Piece("failed   ", Tone.SPENT), Piece(clean(end.message)))]
    else:
        lines += [(Piece("under way", Tone.QUIET),)]
    if end is not None and end.candidates:
        lines += [(), (Piece("who could have served, most preferred first:", Tone.QUIET),)]
        lines += [
            (Piece("  "), Piece(clean(_label(snapshot, c.account_id)), Tone.NAME), Piece(f": {clean(c.reason)}"))
            for c in end.candidates
        ]
    return lines


def _failed(attempt: Attempt) -> Line:
    from rota_tui.formatting import took
    from rota_tui.pieces import Piece, Tone, clean
    from rota_tui.wording import cause

    status = f" ({attempt.status})" if attempt.status is not None else ""
    message = f": {clean(attempt.message.rstrip('.'))}" if attempt.message else ""
    return (
        Piece(clean(attempt.account_label), Tone.NAME),
        Piece(f" {cause(attempt.meaning)}{status} after {took(attempt.took)}", Tone.LOW),
        Piece(message),
    )
