"""A report to hand to others: what was found and how this home is set up, proven free of secrets and emails."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rota import __version__
from rota.doctor import findings as found
from rota.errors import StoreError
from rota.providers.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rota.doctor.findings import Finding
    from rota.secret import Secret
    from rota.settings import Settings
    from rota.snapshot import Snapshot

EMAIL = re.compile(r"[^\s@\"'<>()\[\]{}:,;=]+@[^\s@\"'<>()\[\]{}:,;=]+\.[A-Za-z]{2,}")
TAIL = 200
"""Lines of the debug log that are put in."""


def report(
    findings: Sequence[Finding], snapshot: Snapshot, settings: Settings, debug_lines: Sequence[str], home: str
) -> str:
    """The report, scrubbed. Accounts are numbered; nobody's name, email or label is in it."""
    listed = snapshot.listed()
    document = {
        "schema": 1,
        "rota": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "findings": found.document(findings)["findings"],
        "accounts": [
            {
                "name": f"account {number}",
                "provider": state.account.provider,
                "kind": state.account.kind.value,
                "enabled": state.account.enabled,
                "health": state.account.health.value,
                "windows": sorted(state.windows.keys()),
                "held": state.hold is not None,
            }
            for number, state in enumerate(listed, 1)
        ],
        "settings": _changed(settings),
        "debug": list(debug_lines[-TAIL:]),
    }
    names = {s.account.label: f"account {n}" for n, s in enumerate(listed, 1)}
    names |= {e: f"account {n}" for n, s in enumerate(listed, 1) if (e := s.account.email)}
    names |= {o: "organization" for s in listed if (o := s.account.organization)}
    return scrub(json.dumps(document, ensure_ascii=False, indent=2), names, home)


def scrub(text: str, names: Mapping[str, str], home: str) -> str:
    """The text without what looks like a secret or an email, and without these names."""
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 2:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", names[name], text)
    text = EMAIL.sub("***", redact(text))
    return text.replace(home, "~") if len(home) > 1 else text


def leaks(text: str, secrets: Iterable[Secret], emails: Iterable[str]) -> Counter[str]:
    """How often something that must not be there is there, by what it is."""
    counted: Counter[str] = Counter()
    for secret in secrets:
        value = secret.reveal()
        parts = [value, *re.findall(r"[A-Za-z0-9._\-]{16,}", value)]
        counted["secret"] += any(part in text for part in parts if part)
    counted["email"] += sum(email in text for email in emails) + bool(EMAIL.search(text))
    return +counted


def write(path: Path, text: str, secrets: Iterable[Secret], emails: Iterable[str]) -> None:
    """Write the report, once it is proven that nothing of that is in it.

    Raises:
        StoreError: something is, or the file cannot be written. Nothing was written.
    """
    from rota.files import write_private

    if leaks(text, secrets, emails):
        raise StoreError("The report would have held a secret or an email.", path=path, hint="Nothing was written.")
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():  # /dev/stdout, or a pipe: nothing to put in place of
            target.write_bytes(text.encode())
        else:
            write_private(target, text.encode())
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.", path=path, hint="Name another file."
        ) from error


def _changed(settings: Settings) -> dict[str, Any]:
    """The settings that are not at their default; texts that a person wrote are only said to be set."""
    from rota.config import describe, get
    from rota.config.described import Form
    from rota.config.read import thawed

    changed = {}
    for setting in describe():
        value = get(settings, setting.key)
        if value != setting.default:
            free = setting.form in (Form.TEXT, Form.TABLE, Form.LIST) and not setting.rule.choices
            changed[setting.key] = "(set)" if free else thawed(value)
    return changed
