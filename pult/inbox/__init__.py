"""Every message that came in, raw, kept first and for ever; understood later.

Sees channels and below. Sync keeps messages here and opens them.
"""
