"""The budgets of state: bytes a device, and a series; what a cold start takes is in ``cold_start``."""

import numpy as np

from benchmarks.table import print_table


def processors_bytes_per_device(devices: int = 1_000) -> float:
    """Return bytes of stored state a device: five metrics, two open slices, a message every five seconds."""
    from benchmarks import folding
    from benchmarks.workload import make_workload
    from processors.geometry import geometry_of
    from processors.state import Group, encode_group
    from processors.step import live, step
    from tocsin.core.plan.book import PlanBook

    plans = PlanBook(folding.PLAN)
    state = live(Group.empty(0, geometry_of(folding.PLAN)), plans)
    work = make_workload(devices * 5 * 30, devices=devices, metrics_per_message=5)
    largest = 0
    for batch in folding.deliveries(work, 1_000):
        state = step(state, batch, plans).state
        largest = max(largest, len(encode_group(state.group, state.geometry)))
    return largest / devices


def detector_bytes_per_series(series: int = 100) -> float:
    """Return bytes of the adaptive detector's columns a series."""
    from anomaly.detectors.adaptive import Adaptive

    columns = Adaptive().initial(series)
    return sum(np.asarray(column).nbytes for column in columns.values()) / series


def main() -> None:
    """Print the table."""
    state = [
        ("processors, a device of five metrics", f"{processors_bytes_per_device():,.0f}", "1,200"),
        ("adaptive detector, a series", f"{detector_bytes_per_series():,.0f}", "8,192"),
    ]
    print_table("State, bytes", ("what", "bytes", "budget"), state)


if __name__ == "__main__":
    main()
