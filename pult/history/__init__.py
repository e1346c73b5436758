"""Who changed what, from what to what, when: one append-only table, filled by triggers in the database.

Sees only lib. Every app above may record and show entries.
"""
