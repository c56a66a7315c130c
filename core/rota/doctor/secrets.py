"""The vault: which it is, whether it works, and whether it holds a secret for every account and for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rota.accounts import PREFIX
from rota.doctor.findings import Finding, failure, good, note, warning
from rota.errors import VaultError, VaultLocked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.paths import Paths
    from rota.snapshot import AccountState
    from rota.vault.base import Vault


async def vault(choice: str, paths: Paths) -> tuple[Vault | None, list[Finding]]:
    """The vault, opened and looked through; and the keyring beside it, by a round trip."""
    from rota.vault import check_keyring, open_vault

    found = []
    why_not = await check_keyring(paths)
    try:
        opened = await open_vault(choice, paths)
        await opened.names()
    except VaultLocked as error:
        return None, [failure("vault", str(error), error.hint or "Unlock the keyring, then try again.")]
    except VaultError as error:
        return None, [failure("vault", str(error), error.hint or "See `rota config get vault`.")]
    if opened.kind == "keyring":
        found.append(good("vault", "Secrets are in the system keyring; a round trip worked."))
    else:
        found.append(good("vault", f"Secrets are in a private file, {paths.vault_file}."))
        if why_not is None:
            todo = "`rota config set vault keyring` moves every secret there."
            found.append(note("vault", "A system keyring works here too.", todo))
        else:
            found.append(note("vault", f"The system keyring is not used: {why_not}"))
    todo = "Where others can log in, make new keys and tokens at the providers."
    found += [warning("vault", notice, todo) for notice in opened.notices]
    return opened, found


async def holdings(vault: Vault, states: Sequence[AccountState]) -> tuple[list[Finding], frozenset[str]]:
    """Secrets against accounts; and the ids of the accounts that have none."""
    names = await vault.names()
    held = {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}
    without = [state for state in states if state.id not in held]
    found = [
        failure("vault", f"The secret of {s.account.label} is gone.", f"Run `rota login {s.account.provider}` again.")
        for s in without
    ]
    strays = held - {state.id for state in states}
    if strays:
        text = f"{len(strays)} secret{'s' * (len(strays) != 1)} of no account: a sign-in or removal was interrupted."
        found.append(warning("vault", text, "Opening the app (`rota`) deletes them."))
    return found, frozenset(state.id for state in without)
