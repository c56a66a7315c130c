"""Providers: one wire format each, requests out, facts in."""
