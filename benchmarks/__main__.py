"""``python -m benchmarks``: every figure, one table after the other; name one to print it alone."""

import sys
from importlib import import_module

TABLES = (
    "hot_path",
    "parts",
    "decoding",
    "cold_start",
    "budgets",
    "replay",
    "recordings",
    "api",
    "alert_delivery",
    "growth",
    "latency",
    "topology",
)


def main(names: list[str]) -> int:
    """Print the named tables, or all of them."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        print(f"benchmarks: tables are {', '.join(TABLES)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    for name in names or TABLES:
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
