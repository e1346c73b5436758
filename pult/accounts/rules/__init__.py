"""Laws of who may do what."""
