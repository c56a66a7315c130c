"""`python -m rota_tui` is `rota`."""

from rota_tui.cli import main

main()
