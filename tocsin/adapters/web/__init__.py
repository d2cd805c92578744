"""Posts to receivers over HTTP."""
