"""An import as `rota migrate --json` prints it: what was found, done and taken back. No secret in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rota.status import SCHEMA

if TYPE_CHECKING:
    from rota.migrate.apply import Report
    from rota.migrate.plan import Plan
    from rota.migrate.takeback import Undone


def migrate_document(plan: Plan | None, report: Report | None = None, undone: Undone | None = None) -> dict[str, Any]:
    """The whole object; what was not asked for is null."""
    return {
        "schema": SCHEMA,
        "plan": _plan(plan) if plan is not None else None,
        "done": _done(report) if report is not None else None,
        "undone": {"import_id": undone.import_id, "removed": list(undone.removed), "notes": list(undone.notes)}
        if undone is not None
        else None,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "logins": [
            {
                "action": item.action.name.lower(),
                "name": item.name,
                "provider": item.record.provider,
                "kind": item.record.credential.kind.value,
                "source": item.record.place.source,
                "where": str(item.record.place),
                "account": item.target_label,
                "reason": item.reason,
                "notes": list(item.record.notes),
            }
            for item in plan.items
        ],
        "settings": [
            {
                "option": change.option,
                "fate": change.fate.name.lower(),
                "setting": change.setting,
                "value": change.text,
                "differs": change.differs,
                "why": change.why,
            }
            for change in plan.settings
        ],
        "files": [
            {"path": str(edit.path), "refused": edit.refused, "notes": list(edit.notes)} for edit in plan.edits
        ],
        "exposed": [found.where for found in plan.exposed],
        "problems": [{"where": p.path, "record": p.where, "why": p.why, "todo": p.todo} for p in plan.problems],
    }


def _done(report: Report) -> dict[str, Any]:
    return {
        "import_id": report.import_id,
        "added": list(report.added),
        "renewed": list(report.renewed),
        "same": report.same,
        "settings": list(report.settings),
        "files": list(report.files),
        "notes": list(report.notes),
    }
