"""Tocsin: real-time alerts from device telemetry, exactly once."""
