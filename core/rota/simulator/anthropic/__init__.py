"""Anthropic's API host and its sign-in host, simulated."""
