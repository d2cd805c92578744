"""Writes the hot path's workload for engines of others: ``python -m benchmarks.stream_workload FILE``."""

import argparse
from pathlib import Path

from benchmarks.workload import make_workload


def main() -> None:
    """Write a message a line, in the order of arrival."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--metrics", type=int, default=1, choices=(1, 5))
    asked = parser.parse_args()
    work = make_workload(asked.readings, metrics_per_message=asked.metrics)
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    asked.file.write_bytes(b"\n".join(work.datas) + b"\n")


if __name__ == "__main__":
    main()
