"""`rota simulator`: both providers on loopback, with their base URLs and seeded credentials printed as JSON."""

from __future__ import annotations

import click


@click.command("simulator", epilog="Example: rota simulator --scenario demo --speed 60 --seed 7")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--scenario", default="default", show_default=True, help="Which seeded world; a wrong name lists them.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 100_000), default=1.0, show_default=True, help="Times real time."
)
@click.option("--seed", type=int, default=0, show_default=True)
def command(port: int, scenario: str, speed: float, seed: int) -> None:
    """Run the simulator until interrupted."""
    import asyncio
    import sys

    from rota.simulator import SCENARIOS, run

    if scenario not in SCENARIOS:
        raise click.UsageError(f"There is no scenario {scenario!r}; there is {', '.join(sorted(SCENARIOS))}.")
    asyncio.run(run(port=port, scenario=scenario, speed=speed, seed=seed, out=sys.stdout))
