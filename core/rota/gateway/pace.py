"""How the interpreter is set while a gateway runs: threads take turns quickly, the collector looks at what is new."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005
"""How long another thread may keep the interpreter from the event loop. Python's own 5 ms would let the log's thread
hold up every send: measured, twice the requests a second with this."""

COLLECT_AFTER = 10_000
"""New objects between two collections. A request leaves no circles behind, so that looking finds nothing; at Python's
own 700, and through all that was imported, it costs a tenth of each request."""


class Pace:
    """Set from its making until `end`."""

    def __init__(self) -> None:
        self._switch_s = sys.getswitchinterval()
        self._thresholds = gc.get_threshold()
        sys.setswitchinterval(min(SWITCH_S, self._switch_s))
        gc.set_threshold(max(COLLECT_AFTER, self._thresholds[0]), *self._thresholds[1:])
        gc.freeze()  # what is there now stays for as long as the gateway

    def end(self) -> None:
        """Set everything back."""
        sys.setswitchinterval(self._switch_s)
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()
