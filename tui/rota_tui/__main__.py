"""`rota`, and `python -m rota_tui`: the way into the command line."""

from rota_tui import EXIT_INTERRUPTED

try:
    import gc
    import os
    import signal
except KeyboardInterrupt:
    raise SystemExit(EXIT_INTERRUPTED) from None


def run() -> None:
    """Run the command line; a Ctrl-C before it is loaded ends it without a word."""
    handler = signal.getsignal(signal.SIGINT)
    heard = handler is signal.default_int_handler  # who started it may have it ignored
    if heard:
        # Not by an exception: where importing is interrupted in a callback, Python tells of it and goes on.
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
    gc.disable()  # loading leaves nothing to collect, and looking takes an eighth of it
    from rota_tui.cli import main

    gc.freeze()
    gc.enable()
    if heard:
        signal.signal(signal.SIGINT, handler)
    try:
        main()
    except KeyboardInterrupt:  # another one, while the first is told of
        os._exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    run()
