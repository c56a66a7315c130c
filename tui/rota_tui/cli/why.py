"""`rota why`: one request's whole story, each try with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import requests as complete_requests
from rota_tui.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.events import Event
    from rota.snapshot import Snapshot

MOST = 200
"""Facts of a kind that are looked at for what a request led to."""


@click.command("why", epilog="Examples: `rota why` · `rota why 0000001f --json`")
@click.argument("request", required=False, shell_complete=complete_requests)
@JSON
def command(request: str | None, as_json: bool) -> None:
    """Tell why REQUEST (an id or its start; the last one without) went to the account and model that it went to."""
    from rota.errors import UsageError
    from rota.snapshot import Snapshot
    from rota_tui.cli import reading

    with reading.reading() as log:
        snapshot = log.snapshot if log is not None else Snapshot()
        story: list[Event] = []
        others: list[Event] = []
        if log is not None:
            last = log.recent(1, kinds=("RequestServed", "RequestFailed")) if request is None else []
            wanted = request or next((str(getattr(event, "request_id", "")) for event in last), "")
            story = log.story(wanted) if wanted else []
            if story and not as_json:
                from rota_tui.story import EFFECTS, stretch

                others = log.between(*stretch(story), EFFECTS, MOST)
    if not story:
        asked = f"There is no request {request} in the log." if request else "No request was made yet."
        raise UsageError(asked, hint="See `rota events` for what there is.")
    if as_json:
        from rota_tui.cli.printing import echo_json

        echo_json(_document(story, snapshot))
        return
    from rota_tui.cli.terminal import look, rendered
    from rota_tui.pieces import wrap
    from rota_tui.story import hanging, story_lines
    from rota_tui.wording import label_of

    how = look()
    told = story_lines(story, others, lambda account_id: label_of(snapshot, account_id), how.locale)
    lines = told if how.wide else [part for line in told for part in wrap(line, how.width, hanging(line))]
    click.echo(rendered(lines, how))


def _document(story: Sequence[Event], snapshot: Snapshot) -> dict[str, Any]:
    from rota.documents import story_document
    from rota_tui.wording import label_of

    return story_document(story, lambda account_id: label_of(snapshot, account_id))
