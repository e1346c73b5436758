"""Tools that know no table: money, tax numbers, identifiers, time, failures, HTTP, secrets, jobs, logs.

Sees no other app. Every app sees it.
"""
