"""What people touch: the Textual app and the command line."""

EXIT_INTERRUPTED = 130
"""What shells tell of a program that Ctrl-C ended."""
