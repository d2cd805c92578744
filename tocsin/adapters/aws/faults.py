"""What the errors of AWS mean to a caller."""

from collections.abc import Callable, Collection
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ParamValidationError

from tocsin.adapters.aws.patience import Patience
from tocsin.core.errors import ConfigError, TocsinError, UnavailableError

T = TypeVar("T")

THROTTLES: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Refused before anything was done. Source: botocore, retries/standard.py, and the services' API references."""

DEPLOYMENT: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSNotFoundException",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""What only a change of the deployment mends."""

SERVER_ERROR: Final = 500


def code_of(error: ClientError) -> str:
    """Return the error's code, e.g. ``ThrottlingException``."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


class ThrottledError(UnavailableError):
    """Refused before anything was done: may be sent again as it is."""


def once(place: str, request: Callable[[], T], *, passing: Collection[str] = ()) -> T:
    """Return what the request returns.

    Args:
        place: What is asked, with its name.
        request: Sends it.
        passing: Codes of errors that the caller handles: raised as they are.

    Raises:
        ConfigError: The deployment is wrong.
        ThrottledError: It may be sent again after a while.
        UnavailableError: No answer: what it did is unknown.
    """
    try:
        return request()
    except (ClientError, BotoCoreError) as error:
        kind = None if isinstance(error, ClientError) and code_of(error) in passing else _kind(error)
        if kind is None:
            raise
        words = "cannot be used" if kind is ConfigError else "did not answer"
        raise kind(f"{place} {words}: {' '.join(str(error).split())}") from error


def call(place: str, patience: Patience, request: Callable[[], T], *, passing: Collection[str] = ()) -> T:
    """Return what the request returns, as ``once``; where it is throttled, send it again while there is time."""
    last = ThrottledError(f"{place} was not asked: no time was left")
    for _ in patience.attempts():
        try:
            return once(place, request, passing=passing)
        except ThrottledError as error:
            last = error
    raise last


def _kind(error: Exception) -> type[TocsinError] | None:
    """Return which of our errors it is; None for our own fault, such as a malformed request."""
    if isinstance(error, ClientError):
        return _kind_of(code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_ERROR))
    if isinstance(error, ParamValidationError):
        return None
    return ConfigError if isinstance(error, NoCredentialsError | NoRegionError) else UnavailableError


def _kind_of(code: str, status: int) -> type[TocsinError] | None:
    if code in DEPLOYMENT:
        return ConfigError
    if code in THROTTLES:
        return ThrottledError
    return UnavailableError if status >= SERVER_ERROR else None
