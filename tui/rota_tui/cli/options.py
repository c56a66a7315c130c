"""Options that many commands share."""

from __future__ import annotations

import click

JSON = click.option("--json", "as_json", is_flag=True, help="One versioned JSON object.")
