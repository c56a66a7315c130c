"""`replace` for frozen slotted dataclasses: what `dataclasses.replace` gives, at a tenth of its cost.

The standard one runs the constructor again with every field by keyword; the fold does this several times an event.
Here the slots are copied and the changed ones set, so a `__post_init__` does not run again.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rota.values import unguarded

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


def replace(value: Value, /, **changes: Any) -> Value:
    """A copy of `value` with some fields changed."""
    cls: Any = value.__class__
    new = _copier(cls)(value)
    for name, changed in changes.items():
        setattr(new, name, changed)
    new.__class__ = cls
    copied: Value = new
    return copied


@cache
def _copier(cls: Any) -> Callable[[Any], Any]:
    """A function that copies the slots of `cls` into its unguarded twin, written out as constructors are."""
    names = {"create": object.__new__, "twin": unguarded(cls)}
    steps = [f"    new.{field.name} = value.{field.name}" for field in fields(cls)]
    exec("\n".join(["def copied(value):", "    new = create(twin)", *steps, "    return new"]), names)
    copied: Callable[[Any], Any] = names["copied"]
    return copied
