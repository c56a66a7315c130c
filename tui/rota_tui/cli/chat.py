"""`rota chat`: one answer, streamed, with who gave it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from rota_tui.cli.completing import accounts as complete_accounts
from rota_tui.cli.completing import models as complete_models

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.errors import UnknownModel
    from rota.events import RequestServed
    from rota.pool.pool import Hop


@click.command("chat", epilog="Example: git diff | rota chat -m claude-sonnet-4-5 'Review this:' -")
@click.option("-m", "--model", shell_complete=complete_models, help="Its id; `puter/…` says which provider.")
@click.option(
    "-a", "--account", shell_complete=complete_accounts, help="Only this account: label, email, number, id."
)
@click.option("--no-fallback", is_flag=True, help="Try no other model.")
@click.option("--system", help="A system prompt.")
@click.option("--max-tokens", type=click.IntRange(1), help="At most this many tokens of answer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of streamed text.")
@click.argument("prompt", nargs=-1)
def command(
    model: str | None,
    account: str | None,
    no_fallback: bool,
    system: str | None,
    max_tokens: int | None,
    as_json: bool,
    prompt: tuple[str, ...],
) -> None:
    """Ask PROMPT; `-` (or no prompt in a pipe) reads standard input."""
    words = [sys.stdin.read() if word == "-" else word for word in prompt]
    if not words and not sys.stdin.isatty():
        words = [sys.stdin.read()]
    text = "\n".join(words).strip()
    if not text:
        raise click.UsageError("There is no prompt; say one, or pipe it in.")

    import asyncio

    asyncio.run(_chat(text, model, account, not no_fallback, system, max_tokens, as_json))


async def _chat(
    text: str,
    model: str | None,
    account: str | None,
    fallback: bool,
    system: str | None,
    max_tokens: int | None,
    as_json: bool,
) -> None:
    from contextlib import AsyncExitStack

    from rota.default_model import default_model
    from rota.errors import Meaning, ProviderError
    from rota.pool.cooldown import account_bound
    from rota.pool.pool import Ask, Hop
    from rota.providers.base import ChatRequest, Message, Role, Text, TextDelta
    from rota_tui.cli.opening import opened
    from rota_tui.cli.progress import working
    from rota_tui.conversation import IF_LEFT
    from rota_tui.pieces import clean, clean_block

    # What a model says must not steer the terminal; a pipe gets it as it is.
    shown = clean_block if sys.stdout.isatty() else str
    async with opened() as engine:
        only = engine.find(account).account if account else None
        chosen = model or default_model(
            engine.snapshot, provider=only.provider if only else None, chosen=engine.settings.chat.model
        )
        messages = [Message(Role.USER, (Text(text),))]
        if system:
            messages.insert(0, Message(Role.SYSTEM, (Text(system),)))
        limit = max_tokens or engine.settings.chat.max_tokens
        request = ChatRequest(model=chosen, messages=tuple(messages), max_tokens=limit)
        ask = Ask(
            model=chosen,
            provider=only.provider if only else None,
            account_id=only.id if only else None,
            client="cli",
            if_left=IF_LEFT,
            fallback=None if fallback else False,
        )
        parts: list[str] = []
        try:
            async with AsyncExitStack() as waiting:
                await waiting.enter_async_context(working(f"asking {clean(chosen)}"))
                async with engine.stream(request, ask) as stream:
                    async for delta in stream:
                        if isinstance(delta, Hop):
                            await waiting.aclose()  # two writers on one line would garble it
                            click.echo(clean(_hop(delta)), err=True)
                        elif isinstance(delta, TextDelta):
                            parts.append(delta.text)
                            if not as_json:
                                await waiting.aclose()
                                click.echo(shown(delta.text), nl=False)
                                sys.stdout.flush()
                    story = stream.story
        except ProviderError as error:
            if error.failure.meaning is not Meaning.MODEL_UNAVAILABLE or account_bound(error.failure):
                raise
            raise await _unknown(engine, chosen) from error
        await engine.journal.flush()
        label = engine.snapshot.accounts[story.account_id].account.label if story else "?"
    if as_json:
        import json

        click.echo(json.dumps(_document("".join(parts), story, label), ensure_ascii=False))
    else:
        click.echo()
        if story is not None:
            click.echo(clean(_served(story, label)), err=True)


async def _unknown(engine: Engine, model: str) -> UnknownModel:
    """What to say of a model that the provider does not know: the names of the list that are nearest."""
    from rota.errors import RotaError, UnknownModel
    from rota.gateway.names import Names

    try:
        listed = await engine.models()
    except RotaError:  # without the list there is still what the provider said
        listed = ()
    present = {state.account.provider for state in engine.snapshot.listed()}
    return UnknownModel(model, Names(listed, engine.settings.catalogue.aliases, present).nearest(model))


def _hop(hop: Hop) -> str:
    a = hop.attempt
    return f"[{a.account_label} · {a.model}: {a.message.rstrip('.')}; {hop.next_step}]"


def _served(story: RequestServed, label: str) -> str:
    from rota.model_names import instead_of

    asked = f" instead of {wanted}" if (wanted := instead_of(story)) else ""
    speed = story.output_tokens / story.duration if story.duration > 0 else 0.0
    first = f" · first token {story.first_token:.1f} s" if story.first_token is not None else ""
    cost = f" · ${story.cost_usd:.4f}" if story.cost_usd is not None else ""
    return (
        f"— {label} · {story.model}{asked}{first} · {speed:.0f} tokens/s"
        f" · {story.input_tokens}+{story.output_tokens} tokens{cost}"
    )


def _document(text: str, story: RequestServed | None, label: str) -> dict[str, Any]:
    served = (
        {
            "request_id": story.request_id,
            "account": {"id": story.account_id, "label": label},
            "model": story.model,
            "requested_model": story.requested_model,
            "finish": story.finish,
            "usage": {
                "input_tokens": story.input_tokens,
                "output_tokens": story.output_tokens,
                "cached_tokens": story.cached_tokens,
            },
            "cost_usd": story.cost_usd,
            "first_token_s": story.first_token,
            "duration_s": story.duration,
            "attempts": [
                {
                    "account": {"id": a.account_id, "label": a.account_label},
                    "model": a.model,
                    "meaning": a.meaning.value,
                    "message": a.message,
                    "status": a.status,
                }
                for a in story.attempts
            ],
        }
        if story is not None
        else None
    )
    return {"schema": 1, "text": text, "served": served}
