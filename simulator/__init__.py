"""Simulator: a seeded fleet of devices, its faults, and the truth about them."""
