"""Detectors: each scores many series at once under one contract."""
