"""Measurements behind the README's figures and the issues' budgets; see `python -m tests.bench`."""

import rota_tui  # noqa: F401 (it says how often Textual draws, which Textual reads once, when it is imported)
