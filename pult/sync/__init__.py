"""The entrance of the webshops: polling, webhooks, understanding what was kept.

Sees connectors, orders and below. Only project sees it.
"""
