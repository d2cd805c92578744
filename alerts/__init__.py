"""Alerts: transitions become notifications."""
