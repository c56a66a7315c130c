"""rota manages a developer's AI accounts: one pool, every quota in sight, failover that explains itself.

    import rota

    async with rota.open() as engine:
        ...

Importing this imports neither HTTP, nor the vault, nor any user interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.engine import Engine
    from rota.engine import open_engine as open

__all__ = ["Engine", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Bring in the engine when it is first asked for."""
    if name in ("open", "Engine"):
        from rota import engine

        return engine.open_engine if name == "open" else engine.Engine
    raise AttributeError(f"module 'rota' has no attribute {name!r}")
