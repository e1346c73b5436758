"""Laws of recognising buyers."""
