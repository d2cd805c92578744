"""Command line: the command tocsin."""
