"""The local endpoint: other programs get the whole pool through one loopback address."""
