"""People, their roles, API tokens and idempotency keys: who may do what.

Sees history, ui, lib. Every app above asks `can(role, action)`.
"""
