"""The centre: one door (`receive_orders`), one life cycle (`rules.states`).

Sees inbox, channels, catalogue, customers and below. Sync and reports stand on it.
"""
