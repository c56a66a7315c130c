"""What people touch: the Textual app and the command line."""

import os

EXIT_INTERRUPTED = 130
"""What shells tell of a program that Ctrl-C ended."""

# Read once, when Textual is imported. At its own 60 a key waits for the next frame, and after a slow frame for one
# more, as long as all that is done for the key; where nothing changes no frame is drawn at any rate.
os.environ.setdefault("TEXTUAL_FPS", "120")
