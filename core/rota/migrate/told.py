"""A plan in words: the rows of the import dialog, and the text of `rota migrate --dry-run`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.migrate.plan import Action, Plan, PlanItem

if TYPE_CHECKING:
    from rota.migrate.records import FileEdit, SettingChange

_SECRET = re.compile(
    r'("[^"]*(?:key|token|secret|password|authorization)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE
)
_TOKEN = re.compile(r"\b(?:sk-[\w-]{8,}|eyJ[\w-]+\.[\w-]+\.[\w-]+)")
REWRITTEN = "would be rewritten"


@dataclass(frozen=True, slots=True)
class Row:
    """One login in the import dialog's table."""

    key: str
    name: str
    provider: str
    where: str
    action: str
    """`new`, `same as work`, `renews work`, `sign in again`, `left out`."""
    reason: str


def row(item: PlanItem) -> Row:
    named = item.action in (Action.SAME, Action.RENEWS) and item.target_label is not None
    action = f"{item.action} {item.target_label}" if named else str(item.action)
    return Row(item.key, item.name, item.record.provider, str(item.record.place), action, item.reason)


def rows(plan: Plan) -> tuple[Row, ...]:
    """What was found where, and what would become of it."""
    return tuple(row(item) for item in plan.items)


def text(plan: Plan, *, rewritten: str = REWRITTEN, closed: str = "they can be closed") -> str:
    """Exactly what would happen, for a terminal; no secret is in it.

    Args:
        rewritten: what becomes of other tools' files that could be brought up to date.
        closed: what becomes of files that others can read.
    """
    if plan.empty:
        return "\n".join(nothing(plan))
    lines: list[str] = []
    for item in plan.items:
        told = row(item)
        lines += [f"{told.action}: {told.name} ({told.provider})", f"  from {told.where}", f"  {told.reason}"]
        lines += [f"  {note}" for note in item.record.notes]
    if plan.settings:
        lines += ["", "Settings:", *(f"  {setting(change)}" for change in plan.settings)]
    for edit in plan.edits:
        lines += ["", *edit_lines(edit, rewritten)]
    if plan.exposed:
        lines += ["", f"Others on this machine can read these; {closed}:"]
        lines += [f"  {found.where}" for found in plan.exposed]
    if plan.problems:
        lines += ["", "Not used:", *(f"  {problem}" for problem in plan.problems)]
    counts = [f"{count} {action}" for action in Action if (count := plan.count(action))]
    return "\n".join([*lines, "", ", ".join(counts) or "no account"])


def nothing(plan: Plan) -> tuple[str, ...]:
    """That nothing was found, and what was looked for."""
    from rota.migrate import survey  # late: with every tool's module behind it, and needed in this one case

    sought = survey.titles(plan.asked)
    said = "Nothing to import was found on this machine."
    return (f"{said} Looked for:", *(f"  {title}" for title in sought)) if sought else (said,)


def setting(change: SettingChange) -> str:
    """What becomes of one option, in a line."""
    if change.setting is None:
        return f"{change.option} = {change.value}: {change.fate}. {change.why}"
    if change.text is None or not change.differs:
        return f"{change.option} = {change.value}: {change.setting} is so already. {change.why}"
    return f"{change.option} = {change.value}: {change.fate}, {change.setting} = {change.text}. {change.why}"


def edit_lines(edit: FileEdit, rewritten: str = REWRITTEN) -> list[str]:
    """A change to another tool's file as a patch, with what looks like a secret blotted out."""
    fate = f"{rewritten}:" if edit.refused is None else f"is left alone: {edit.refused}."
    patch = difflib.unified_diff(
        blotted(edit.before).splitlines(),
        blotted(edit.after).splitlines(),
        fromfile=str(edit.path),
        tofile=str(edit.path),
        lineterm="",
    )
    lines = [f"{edit.path} {fate}", *(f"  {note}" for note in edit.notes)]
    if edit.refused is not None and edit.after != edit.before:
        lines.append("  The change to make by hand:")
    return [*lines, *(f"  {line}" for line in patch)]


def blotted(text: str) -> str:
    """Text of a foreign file without what is or looks like a secret."""
    return _TOKEN.sub("***", _SECRET.sub(r'\1"***"', text))
