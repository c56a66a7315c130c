"""Moving every secret to another kind of vault: the setting and the secrets together, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota import config
from rota.vault.choose import open_vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.paths import Paths


async def move_vault(paths: Paths, environ: Mapping[str, str], choice: str) -> str:
    """Write the setting and move every secret where it says; returns the kind that holds them now.

    Raises:
        ConfigError: there is no such kind.
        VaultError: a vault that is needed fails; the setting stays as it was, and no secret is lost.
    """
    before = config.peek(paths, environ, "vault")
    written = config.set_value(paths, "vault", choice)
    try:
        return (await open_vault(written, paths)).kind
    except BaseException:
        config.set_value(paths, "vault", before)
        raise
