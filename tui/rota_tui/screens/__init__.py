"""The modes: a screen each, with its stylesheet beside it."""
