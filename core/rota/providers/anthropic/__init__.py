"""Anthropic: API keys, Claude subscriptions and Console logins over `api.anthropic.com`."""

from __future__ import annotations

from rota.providers.anthropic.forward import Forwarded, ForwardRefused, Piece
from rota.providers.anthropic.oauth import Grant, SignIn
from rota.providers.anthropic.provider import AnthropicProvider

__all__ = ["AnthropicProvider", "ForwardRefused", "Forwarded", "Grant", "Piece", "SignIn"]
