"""Pult's own benchmarks, on a database of their own that is made and dropped.

Sees everything below; only project sees it.
"""
