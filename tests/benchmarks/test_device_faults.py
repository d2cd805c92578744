"""A slice of the benchmark of device faults: what nobody could miss is found, and soon."""

from benchmarks.device_faults import CASES, case_rows, plan_of, played, scenario_text
from simulator.kinds import KINDS, Layer


def test_swapped_unit_is_found_within_three_windows_under_the_default_plan() -> None:
    cases = [case for case in CASES if case.name == "swapped_unit"]

    found, device_days = played(scenario_text(cases, 1, 2, faulty=True), plan_of(0))

    ((_, wanted, _, recall, delay, _),) = case_rows(found, cases)
    assert (device_days, wanted, recall) == (2, "1", "1.00")
    assert float(delay) <= 3


def test_every_kind_of_device_fault_is_played() -> None:
    of_devices = {name for name, kind in KINDS.items() if kind.layer is not Layer.NETWORK}

    assert {case.kind for case in CASES} == of_devices
