"""Dialogs: one question each, Escape always leaves things as they were."""
