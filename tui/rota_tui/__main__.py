"""`rota`, and `python -m rota_tui`: the way into the command line."""

import signal


def run() -> None:
    """Run the command line; a Ctrl-C before it is loaded ends it without a word, as it does any small program."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # who started it may have it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from rota_tui.cli import main

    signal.signal(signal.SIGINT, handler)
    main()


if __name__ == "__main__":
    run()
