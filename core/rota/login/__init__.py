"""Signing in: begin, wait for the browser or a paste, check with the provider, keep."""
