"""The entrances of synchronisation: webhooks of shops, and the pages about channels and what came in from them."""
