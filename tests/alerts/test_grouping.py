"""Single decisions: what is told, in which group, when, and together with what."""

from dataclasses import replace

import pytest

from alerts.grouping import WAITING_MAX, gather, group_key, is_told, parted
from alerts.state import Gathering
from tests.alerts.specimens import AT_MS, FIRING, GROUPING, PENDING, RESOLVED, of_device
from tocsin.core.messages import Phase, Severity, Transition
from tocsin.core.plan.model import Grouping

KEY = group_key(FIRING, GROUPING)
INACTIVE = replace(PENDING, phase_from=Phase.PENDING, phase=Phase.INACTIVE, number=2)


def test_alerts_share_a_group_where_tenant_and_the_plans_names_agree() -> None:
    assert group_key(FIRING, GROUPING) == ("acme", "site=north", "kind=limits")
    assert group_key(replace(FIRING, tenant="other"), GROUPING) != KEY
    assert group_key(of_device(FIRING, 1), GROUPING) == KEY
    assert group_key(FIRING, Grouping(by=())) == ("acme",)


def test_alerts_of_a_cohort_share_a_group_wherever_its_devices_stand() -> None:
    by_type = Grouping(by=("device_type",))

    assert group_key(FIRING, by_type) == ("acme", "device_type=pump")
    assert group_key(replace(of_device(FIRING, 1), site="south", kind="flatline"), by_type)[1:] == ("device_type=pump",)
    assert group_key(replace(FIRING, device_type="fan"), by_type) != group_key(FIRING, by_type)


@pytest.mark.parametrize(
    ("transition", "told_episode", "grouping", "expected"),
    [
        pytest.param(FIRING, 0, GROUPING, True, id="firing is told"),
        pytest.param(PENDING, 0, GROUPING, False, id="pending is not"),
        pytest.param(INACTIVE, 0, GROUPING, False, id="a breach that clears early is not"),
        pytest.param(RESOLVED, 1, GROUPING, True, id="resolved is told to those who know of the firing"),
        pytest.param(RESOLVED, 0, GROUPING, False, id="resolved is not where the firing was not"),
        pytest.param(RESOLVED, 2, GROUPING, False, id="resolved is not where another episode was told"),
        pytest.param(RESOLVED, 1, Grouping(send_resolved=False), False, id="resolved is not where not wanted"),
        pytest.param(
            replace(FIRING, severity=Severity.INFO),
            0,
            Grouping(severity_min=Severity.WARNING),
            False,
            id="firing below the severity wanted is not",
        ),
        pytest.param(FIRING, 0, Grouping(severity_min=Severity.CRITICAL), True, id="firing at the severity is"),
    ],
)
def test_what_people_hear_of(transition: Transition, told_episode: int, grouping: Grouping, expected: bool) -> None:
    assert is_told(transition, told_episode, grouping) is expected


def test_first_alert_of_a_quiet_group_is_told_at_once() -> None:
    after, told = gather(None, FIRING, key=KEY, arrival_ms=AT_MS, grouping=GROUPING)

    assert told == (FIRING,)
    assert after == Gathering(KEY, 60_000, AT_MS + 60_000)


def test_first_alert_of_a_quiet_group_waits_where_the_plan_says_so() -> None:
    after, told = gather(None, FIRING, key=KEY, arrival_ms=AT_MS, grouping=Grouping(wait_ms=30_000))

    assert told == ()
    assert after == Gathering(KEY, 60_000, AT_MS + 30_000, (FIRING,))


def test_alert_within_the_interval_gathers() -> None:
    open_group = Gathering(KEY, 60_000, AT_MS + 60_000)

    after, told = gather(open_group, FIRING, key=KEY, arrival_ms=AT_MS + 59_999, grouping=GROUPING)

    assert told == ()
    assert after == replace(open_group, waiting=(FIRING,))


def test_alert_after_the_interval_is_told_at_once_though_no_tick_closed_the_group() -> None:
    open_group = Gathering(KEY, 60_000, AT_MS)

    after, told = gather(open_group, FIRING, key=KEY, arrival_ms=AT_MS, grouping=GROUPING)

    assert told == (FIRING,)
    assert after.due_ms == AT_MS + 60_000


def test_full_group_is_told_before_its_time() -> None:
    group = Gathering(KEY, 60_000, AT_MS + 60_000)
    for index in range(WAITING_MAX):
        group, told = gather(group, of_device(FIRING, index), key=KEY, arrival_ms=AT_MS, grouping=GROUPING)

    assert len(told) == WAITING_MAX
    assert group.waiting == ()


def test_waiting_alerts_beyond_the_first_few_keep_no_windows() -> None:
    group = Gathering(KEY, 60_000, AT_MS + 60_000)
    for index in range(10):
        group, _ = gather(group, of_device(FIRING, index), key=KEY, arrival_ms=AT_MS, grouping=GROUPING)

    assert [bool(one.evidence.panes) for one in group.waiting] == [True] * 4 + [False] * 6


def test_firing_and_resolved_never_share_a_notification() -> None:
    other = of_device(FIRING, 1)

    assert parted([FIRING, RESOLVED, other]) == [(FIRING, other), (RESOLVED,)]


def test_last_notification_about_an_alert_says_how_it_stands() -> None:
    again = replace(FIRING, episode=2, number=5)
    ended = replace(RESOLVED, episode=2, number=6)

    assert parted([RESOLVED, again]) == [(RESOLVED,), (again,)]
    assert parted([FIRING, RESOLVED, again, ended]) == [(FIRING,), (RESOLVED,), (again,), (ended,)]


def test_nothing_waiting_makes_no_notification() -> None:
    assert parted([]) == []
