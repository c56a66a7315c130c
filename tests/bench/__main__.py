"""Measure everything, print the table, and write it where README quotes it from. `python -m tests.bench [NAME…]`."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.row import Row

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


def names() -> list[str]:
    """The measurements there are: every module here with a `measure`."""
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if not path.stem.startswith("_") and "def measure(" in path.read_text(encoding="utf-8")
    )


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | measured | target | |", "|---|---|---|---|"]
    lines += [f"| {r.name} | {r.measured} | {r.target} | {'ok' if r.ok else 'misses'} {r.note} |" for r in rows]
    return "\n".join(lines)


def main(wanted: list[str]) -> None:
    rows: list[Row] = []
    for name in wanted or names():
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"tests.bench.{name}").measure()
    text = table(rows)
    print(text)
    if not wanted:
        machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
        RESULTS.write_text(f"# Measured\n\nBy `make bench`, on {machine}.\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
