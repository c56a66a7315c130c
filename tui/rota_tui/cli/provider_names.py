"""Providers as arguments: rota's own, and those that installed packages register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OWN = ("anthropic", "puter")


class ProviderName(click.ParamType[str]):
    """A provider's name. Other packages are looked at only for a name that is not rota's own."""

    name = "provider"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        shown = "|".join((*OWN, "…"))
        return f"{{{shown}}}" if isinstance(param, click.Argument) else f"[{shown}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if text in OWN:
            return text
        registered = _registered()
        if text in registered:
            return text
        import difflib  # late: only a wrong name needs it

        near = difflib.get_close_matches(text, [*OWN, *registered], n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        return self.fail(f"{text!r} is none of {', '.join((*OWN, *registered))}.{meant}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in (*OWN, *_registered()) if name.startswith(incomplete)]


def _registered() -> tuple[str, ...]:
    from rota import plugins

    return plugins.names(plugins.PROVIDERS)
