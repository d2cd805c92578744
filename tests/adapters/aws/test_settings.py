import pytest

from tocsin.adapters.aws.settings import PARTS, VARIABLES, AwsSettings, from_environment, is_loopback
from tocsin.core.clock import DAY_MS
from tocsin.core.errors import ConfigError

WHOLE = {variable: f"the-{name}" for name, variable in VARIABLES.items() if name not in {"state_table", "table_stages"}}


def test_environment_with_all_names_gives_settings_with_every_part() -> None:
    settings = from_environment(WHOLE)

    assert all(settings.has(part) for part in PARTS)
    assert (settings.region, settings.bus, settings.state_bucket) == ("the-region", "the-bus", "the-state_bucket")
    assert settings.endpoint("kinesis") is None


def test_every_missing_name_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_environment({})

    for words in (
        "AWS_REGION",
        "TOCSIN_READINGS_STREAM",
        "TOCSIN_STATE_BUCKET or TOCSIN_STATE_TABLE",
        "TOCSIN_TOPIC_ARN",
    ):
        assert f"{words} is not set" in str(caught.value)
    assert str(caught.value).count("TOCSIN_DIRECTORY_TABLE") == 1


def test_function_needs_only_the_names_of_the_parts_that_it_uses() -> None:
    settings = from_environment({"AWS_REGION": "eu-central-1", "TOCSIN_READINGS_STREAM": "r"}, needs=("readings",))

    assert settings.has("readings")
    assert not settings.has("topic")


def test_bus_and_checkpoints_are_never_needed() -> None:
    lean = {name: value for name, value in WHOLE.items() if name not in {"TOCSIN_BUS", "TOCSIN_CHECKPOINTS_TABLE"}}

    assert from_environment(lean).bus == ""


def test_two_places_for_state_are_refused() -> None:
    with pytest.raises(ConfigError, match="both set"):
        from_environment(WHOLE | {"TOCSIN_STATE_TABLE": "t"})


def test_two_places_for_state_are_one_choice_for_each_stage() -> None:
    both = {"TOCSIN_STATE_TABLE": "t", "TOCSIN_STATE_TABLE_STAGES": "alerts"}

    assert from_environment(WHOLE | both).table_stages == "alerts"


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", ""])
def test_retention_must_be_whole_days(days: str) -> None:
    with pytest.raises(ConfigError, match="TOCSIN_WINDOWS_RETENTION_DAYS"):
        from_environment(WHOLE | {"TOCSIN_WINDOWS_RETENTION_DAYS": days})


def test_retention_is_read_in_days() -> None:
    assert from_environment(WHOLE | {"TOCSIN_WINDOWS_RETENTION_DAYS": "3"}).windows_retention_ms == 3 * DAY_MS


def test_endpoint_of_a_service_goes_before_the_common_one() -> None:
    settings = from_environment(
        WHOLE
        | {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
            "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://localhost:1",
        }
    )

    assert settings.endpoint("events") == "http://localhost:1"
    assert settings.endpoint("s3") == "http://127.0.0.1:4566"


@pytest.mark.parametrize("url", ["http://10.0.0.1:80", "https://kinesis.example.com", "http://127.0.0.1.example.com"])
def test_endpoint_off_this_machine_is_refused_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL_S3 must be on this machine"):
        from_environment(WHOLE | {"AWS_ENDPOINT_URL_S3": url})
    with pytest.raises(ConfigError, match="on this machine"):
        AwsSettings("eu-central-1", endpoints={"": url})

    allowed = from_environment(WHOLE | {"AWS_ENDPOINT_URL_S3": url, "TOCSIN_ALLOW_ENDPOINT": "1"})

    assert allowed.endpoint("s3") == url


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1:4566", "ftp://localhost"])
def test_endpoint_must_be_a_web_address(url: str) -> None:
    with pytest.raises(ConfigError, match="must be an http or https URL"):
        from_environment(WHOLE | {"AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:4566", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:4566", True),
        ("http://localhost.example.com", False),
        ("http://0.0.0.0:4566", False),
        ("http://", False),
    ],
)
def test_only_what_is_surely_this_machine_is_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
