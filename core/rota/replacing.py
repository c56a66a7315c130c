"""`replace` for frozen slotted dataclasses: what `dataclasses.replace` gives, at a third of its cost.

The standard one runs the constructor again with every field by keyword; the fold does this several times an event.
Here the slots are copied and the changed ones set, so a `__post_init__` does not run again.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


def replace(value: Value, /, **changes: Any) -> Value:
    """A copy of `value` with some fields changed."""
    cls: Any = value.__class__
    copied, setters = _copier(cls)
    new: Value = copied(value)
    for name, changed in changes.items():
        setters[name](new, changed)
    return new


@cache
def _copier(cls: Any) -> tuple[Callable[[Any], Any], dict[str, Callable[[Any, Any], None]]]:
    """A function that copies the slots of `cls`, written out as dataclasses writes constructors, and their setters.

    A slot's descriptor knows nothing of `frozen`.
    """
    setters = {field.name: getattr(cls, field.name).__set__ for field in fields(cls)}
    names = {f"set_{name}": setter for name, setter in setters.items()} | {"create": object.__new__, "cls": cls}
    steps = [f"    set_{name}(new, value.{name})" for name in setters]
    exec("\n".join(["def copied(value):", "    new = create(cls)", *steps, "    return new"]), names)
    return names["copied"], setters
