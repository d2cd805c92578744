"""API: queries and the dashboard that they serve."""
