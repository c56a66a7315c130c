"""An input for a secret: hidden while typed, and its messages never show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widgets import Input

from rota.secret import Secret

if TYPE_CHECKING:
    from rich.repr import Result


class SecretInput(Input):
    """`take` gives what was typed as a Secret, without surrounding white space."""

    @dataclass(repr=False)
    class Changed(Input.Changed):
        """The text changed. A traceback prints messages, so this one keeps the value to itself."""

        def __rich_repr__(self) -> Result:
            yield "value", "***"

    @dataclass(repr=False)
    class Submitted(Input.Submitted):
        """Enter was pressed. Quiet as `Changed` is."""

        def __rich_repr__(self) -> Result:
            yield "value", "***"

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(password=True, placeholder=placeholder, id=id)

    def take(self) -> Secret:
        return Secret(self.value.strip())
