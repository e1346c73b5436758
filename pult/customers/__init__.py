"""Buyers, recognised by rule across channels.

Sees accounts, history, ui, lib. Orders find or make their customer here.
"""
