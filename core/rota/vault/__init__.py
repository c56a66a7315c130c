"""Secrets: in the system keyring where one works, else in a private file; never in the log."""

from __future__ import annotations

from rota.vault.choose import check_keyring, open_vault

__all__ = ["check_keyring", "open_vault"]
