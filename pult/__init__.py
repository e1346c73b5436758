"""Pult: an order hub for merchants who sell through many channels at once."""
