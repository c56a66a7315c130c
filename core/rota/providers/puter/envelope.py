"""An unsuccessful answer taken apart into one form, whichever age of server gave it.

Three ages are out there (dates are of the server's source, HeyPuter/puter):

- to 2025-12-09: HTTP 200 with `{"success":false,"error":{"delegate":"usage-limited-chat",…}}`, or a success that
  only says `metadata.usage_limited`;
- to 2026-04-30: HTTP 200 with `{"success":false,"error":{"code":"insufficient_funds","status":402,…}}`;
- since then: an HTTP status and a flat body `{"error":"…","message":"…","code":"…", …fields}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rota.providers.puter import fields

if TYPE_CHECKING:
    from rota.providers.puter.fields import Record


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An unsuccessful answer, whichever age of server gave it."""

    status: int | None
    code: str | None
    message: str | None
    delegate: str | None
    body: Record
    json: bool
    """Whether it was JSON at all; Puter's own code answers nothing else, apart from its plain-text 403."""


def read(status: int | None, body: bytes) -> ErrorBody:
    """Take an answer apart; a legacy envelope's own status and code win over HTTP's."""
    value = fields.parse(body)
    whole = fields.record(value)
    if whole.get("success") is False and isinstance(whole.get("error"), dict):
        inner = fields.record(whole["error"])
        return ErrorBody(
            status=fields.count(inner, "status") or status,
            code=fields.text(inner, "errorCode", "code"),
            message=fields.text(inner, "message"),
            delegate=fields.text(inner, "delegate"),
            body=inner,
            json=True,
        )
    return ErrorBody(
        status=status,
        code=fields.text(whole, "errorCode", "code"),
        message=fields.text(whole, "message", "error"),
        delegate=None,
        body=whole,
        json=bool(whole),
    )
