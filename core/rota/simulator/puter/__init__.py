"""Puter's API host and its GUI host, simulated."""
