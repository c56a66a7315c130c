"""What a shell completes: accounts, requests, models, settings, sources. Reads files; errors complete nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from rota.errors import RotaError
from rota_tui.cli import reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

REQUESTS = 30


def accounts(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Labels; emails where only one of those begins like that."""
    try:
        listed = reading.snapshot().listed()
    except RotaError:
        return []
    labels = [CompletionItem(s.account.label, help=s.account.provider) for s in listed]
    emails = [CompletionItem(s.account.email, help=s.account.label) for s in listed if s.account.email]
    return _beginning(labels, incomplete) or _beginning(emails, incomplete)


def requests(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The last requests, newest first."""
    from rota.events import RequestFailed, RequestServed

    try:
        with reading.reading() as log:
            ended = log.recent(REQUESTS, kinds=("RequestServed", "RequestFailed")) if log is not None else []
    except RotaError:
        return []
    found = [
        CompletionItem(event.request_id, help=event.requested_model)
        for event in reversed(ended)
        if isinstance(event, RequestServed | RequestFailed)
    ]
    return _beginning(found, incomplete)


def models(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models of the catalogue that was fetched last, as `provider/id`."""
    try:
        held = json.loads(reading.home().catalogue_file.read_bytes())
        names = [f"{provider}/{model['id']}" for provider in held for model in held[provider]["models"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    wanted = incomplete.casefold()
    begun = [name for name in names if name.casefold().startswith(wanted)]
    return [CompletionItem(name) for name in begun or [n.partition("/")[2] for n in names if wanted in n.casefold()]]


def settings(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Every setting, with its meaning."""
    from rota.config import describe

    return _beginning([CompletionItem(s.key, help=s.help) for s in describe()], incomplete)


def values(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the setting that was named may be."""
    from rota.config import describe
    from rota_tui.cli.config_choices import choices

    key = ctx.params.get("key")
    found = next((s for s in describe() if s.key == key), None)
    if found is None:
        return []
    known = choices(found) or (("true", "false") if isinstance(found.default, bool) else ())
    return _beginning([CompletionItem(choice) for choice in known], incomplete)


def sources(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What accounts can be imported from."""
    from rota.migrate.survey import names

    return _beginning([CompletionItem(name) for name in names()], incomplete)


def kinds(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of events."""
    from rota.events import EVENT_TYPES

    return _beginning([CompletionItem(name) for name in EVENT_TYPES], incomplete)


def _beginning(items: Iterable[CompletionItem], incomplete: str) -> list[CompletionItem]:
    wanted = incomplete.casefold()
    return [item for item in items if str(item.value).casefold().startswith(wanted)]
