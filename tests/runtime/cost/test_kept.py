"""What is kept costs as long as the template keeps it."""

import pytest

from tocsin.runtime.cost.clients import COLD
from tocsin.runtime.cost.deployment import own_template, read_deployment
from tocsin.runtime.cost.kept import Stay, kept_units, stay_of
from tocsin.runtime.cost.prices import DAYS_A_MONTH
from tocsin.runtime.cost.usage import Usage

GB = 1_000_000_000
LARGE = {"archive": Usage()}
LARGE["archive"].kept_bytes[COLD] = GB
LARGE["archive"].kept_objects[COLD] = 1_000


def of_large_parts(**parameters: object) -> dict[str, float]:
    return kept_units(LARGE, 1.0, read_deployment(own_template(), parameters).stack)


def test_recordings_are_moved_after_a_month_where_they_stay_for_long() -> None:
    assert of_large_parts() == pytest.approx(
        {"s3_gb_months": 30 / DAYS_A_MONTH, "s3_cold_gb_months": 370 / DAYS_A_MONTH, "s3_moves": 1_000}
    )


@pytest.mark.parametrize("days", [1, 30, 90])
def test_recordings_that_go_soon_are_never_moved(days: int) -> None:
    assert of_large_parts(RecordingsRetentionDays=days) == pytest.approx({"s3_gb_months": days / DAYS_A_MONTH})


def test_what_is_moved_is_paid_for_ninety_days_however_soon_it_goes() -> None:
    assert Stay(60, 30).days_there == 90
    assert Stay(180, 30).days_there == 150


def test_days_of_what_is_set_aside_are_those_of_the_bucket() -> None:
    stack = read_deployment(own_template(), {}).stack
    usage = Usage()
    usage.kept_bytes["blobs/late"] = GB

    assert stay_of(stack, "blobs/late/") == Stay(90, None)
    assert kept_units({"processors": usage}, 1.0, stack)["s3_gb_months"] == pytest.approx(90 / DAYS_A_MONTH)
