"""An input for a secret: hidden while typed, and its messages never show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widgets import Input

from rota.secret import Secret
from rota_tui.dialogs.line_input import LineInput

if TYPE_CHECKING:
    from rich.repr import Result


class _Quiet:
    """Tracebacks and logs print messages; these keep their value to themselves."""

    def __rich_repr__(self) -> Result:
        yield "value", "***"

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}(value='***')"


class SecretInput(LineInput):
    """`take` gives what was typed as a Secret, without surrounding white space."""

    BETWEEN: ClassVar[str] = ""  # a terminal breaks long tokens into lines, and they are copied so

    class Changed(_Quiet, Input.Changed):
        """The text changed."""

    class Submitted(_Quiet, Input.Submitted):
        """Enter was pressed."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(password=True, placeholder=placeholder, id=id)

    @property
    def _value(self) -> Text:
        # Textual has one sign for it, which is not to be had everywhere.
        shown = super()._value
        return (
            Text("*" * len(shown), no_wrap=True, overflow="ignore", end="")
            if self.app.has_class("-ascii-only")
            else shown
        )

    def take(self) -> Secret:
        return Secret(self.value.strip())
