from tests.simulation.history import run
from tests.simulation.single import SMALL, SMALLEST, calls_of, with_one_fault, with_two_faults


def test_no_single_fault_at_any_call_loses_or_doubles_anything() -> None:
    wrong = {str(faults): result.findings[:3] for faults, result in with_one_fault(SMALL) if result.findings}

    assert not wrong


def test_no_pair_of_faults_loses_or_doubles_anything() -> None:
    wrong = {str(faults): result.findings[:3] for faults, result in with_two_faults(SMALLEST) if result.findings}

    assert not wrong


def test_small_scenario_reaches_people_and_has_a_copy_and_a_late_reading() -> None:
    result = run(SMALL)

    assert (result.readings, result.findings) == (5, [])
    assert result.notifications >= 1
    assert calls_of(SMALL) > 25
