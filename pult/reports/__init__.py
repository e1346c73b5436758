"""Questions over everything, answered from selectors; writes nothing.

Sees all apps. Only project sees it.
"""
