"""Anomaly: panes and ticks are scored, and alert transitions leave."""
