"""Sales channels: sealed settings, cursor, health, the log of synchronisations.

Sees accounts and below. Inbox, orders and sync stand on it.
"""
