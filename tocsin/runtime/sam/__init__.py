"""Runs the functions of a template of SAM on one machine, by the documented rules of their event sources."""
