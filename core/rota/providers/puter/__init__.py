"""Puter: its `drivers/call` chat, model catalogue, whoami and metering, in every age of its servers."""

from __future__ import annotations

from rota.providers.puter.provider import PuterProvider

__all__ = ["PuterProvider"]
