"""The laws of orders: same input, same answer."""
