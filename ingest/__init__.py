"""Ingest: bytes of any accepted format become readings on the log."""
