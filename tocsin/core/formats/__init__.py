"""Formats: raw bytes and dictionaries become typed columns here, and nowhere else."""
