"""Verbs of synchronisation, by family: connecting, polling, understanding, comparing, hooking."""
