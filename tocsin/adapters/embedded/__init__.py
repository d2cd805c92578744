"""Embedded adapters: every port in one SQLite file, or in memory."""
