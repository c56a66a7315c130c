"""The MCP server: other programs' models look at the accounts and ask through them, over standard streams."""

from __future__ import annotations

from rota.mcp_server.server import serve

__all__ = ["serve"]
