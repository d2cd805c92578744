"""Processors: readings and ticks are folded into windows, and closed windows leave as panes."""
