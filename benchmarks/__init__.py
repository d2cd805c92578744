"""Benchmarks: each prints its table; figures travel as ratios within one run."""
