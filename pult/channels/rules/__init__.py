"""Laws of channels: when to poll, how long to back off, when one is out of step."""
