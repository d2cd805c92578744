import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from tests.adapters.aws.scripted import Hourglass, patience_of
from tocsin.adapters.aws.faults import ThrottledError, call, once
from tocsin.core.errors import ConfigError, UnavailableError


def error_of(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "as\nscripted"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Put",
    )


def failing(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (error_of("AccessDeniedException"), ConfigError),
        (error_of("NoSuchBucket", 404), ConfigError),
        (error_of("ExpiredToken"), ConfigError),
        (NoCredentialsError(), ConfigError),
        (error_of("ProvisionedThroughputExceededException"), ThrottledError),
        (error_of("SlowDown", 503), ThrottledError),
        (error_of("InternalServerError", 500), UnavailableError),
        (error_of("KMSInvalidStateException", 500), UnavailableError),
        (EndpointConnectionError(endpoint_url="https://x"), UnavailableError),
        (ConnectTimeoutError(endpoint_url="https://x"), UnavailableError),
        (ReadTimeoutError(endpoint_url="https://x"), UnavailableError),
    ],
)
def test_errors_of_the_outside_become_ours_and_name_the_place_on_one_line(
    error: Exception, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match="table things") as caught:
        once("table things", lambda: failing(error))

    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [error_of("ValidationException"), ParamValidationError(report="no")])
def test_our_own_fault_is_not_called_the_outsides(error: Exception) -> None:
    with pytest.raises(type(error)):
        once("table things", lambda: failing(error))


def test_code_that_the_caller_handles_reaches_the_caller() -> None:
    with pytest.raises(ClientError):
        once("table things", lambda: failing(error_of("SlowDown", 503)), passing={"SlowDown"})


def test_throttled_call_is_repeated_and_nothing_else_is() -> None:
    hourglass = Hourglass()
    errors = [error_of("ThrottlingException"), error_of("ThrottlingException")]

    def request() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert call("here", patience_of(hourglass), request) == "done"
    assert len(hourglass.pauses) == 2
    with pytest.raises(UnavailableError):
        call("here", patience_of(hourglass), lambda: failing(error_of("InternalServerError", 500)))
    assert len(hourglass.pauses) == 2


def test_call_that_stays_throttled_is_unavailable_in_the_end() -> None:
    with pytest.raises(UnavailableError, match="here did not answer"):
        call("here", patience_of(), lambda: failing(error_of("ThrottlingException")))
