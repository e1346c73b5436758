"""Verbs of orders, by family: receiving, lifecycle, editing, matching, deciding."""
