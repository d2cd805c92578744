"""State of key groups on S3: an object each, written only if its ETag still holds."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from botocore.exceptions import ClientError

from tocsin.adapters.aws.faults import call, code_of
from tocsin.adapters.aws.parallel import Parallel
from tocsin.adapters.aws.patience import Patience
from tocsin.core.errors import DamagedError, UnavailableError
from tocsin.core.ports import SavedState, StateKey, StateWrite

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX: Final = "state/"
MARK_BYTES: Final = 16
"""Each write begins with random bytes of its own. The ETag of equal bytes is equal, so without them a version
could come back; and with them an answer that was lost can be told from somebody else's write."""

NOT_THERE: Final = frozenset({"NoSuchKey", "404"})
CHANGED: Final = frozenset({"PreconditionFailed", "412", *NOT_THERE})
UNDECIDED: Final = frozenset({"ConditionalRequestConflict", "409", "OperationAborted"})
"""Another conditional write was under way: neither done nor refused. Source: S3 User Guide, conditional writes."""


class S3State:
    """Blobs under the ETags of their objects.

    Args:
        client: Of S3.
        bucket: Its name.
        patience: How long to go on where it throttles.
        parallel: Sends independent requests.
    """

    def __init__(self, client: "S3Client", bucket: str, patience: Patience, parallel: Parallel) -> None:
        self._client = client
        self._bucket = bucket
        self._place = f"bucket {bucket}"
        self._patience = patience
        self._parallel = parallel

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is stored under each key, in order."""
        return self._parallel.map(self._load, keys)

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Write each whose version still holds; return the new versions, None where it did not hold."""
        return self._parallel.map(self._commit, writes)

    def _load(self, key: StateKey) -> SavedState:
        body, version = self._get(object_key(key))
        if body is None:
            return SavedState(None, "")
        if len(body) < MARK_BYTES:
            raise DamagedError(f"{self._place} {object_key(key)} must begin with {MARK_BYTES} bytes, got {len(body)}")
        return SavedState(body[MARK_BYTES:], version)

    def _commit(self, write: StateWrite) -> str | None:
        mark = uuid4().bytes
        key = object_key(write.key)
        condition = {"IfMatch": write.expected_version} if write.expected_version else {"IfNoneMatch": "*"}
        body = mark + write.blob
        put = partial(self._client.put_object, Bucket=self._bucket, Key=key, Body=body, **condition)  # type: ignore[arg-type]
        tries = 0
        for _ in self._patience.attempts():
            try:
                return call(self._place, self._patience, put, passing=CHANGED | UNDECIDED)["ETag"]
            except ClientError as error:
                tries += 1 + int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
                if code_of(error) in CHANGED:
                    return self._version_of_mark(key, mark) if tries > 1 else None
                if code_of(error) not in UNDECIDED:
                    raise
        raise UnavailableError(f"{self._place} did not decide about {key} in the time there was")

    def _version_of_mark(self, key: str, mark: bytes) -> str | None:
        """Return the version of what is stored, if it is what an earlier try of this very write stored."""
        body, version = self._get(key)
        return version if body is not None and body[:MARK_BYTES] == mark else None

    def _get(self, key: str) -> tuple[bytes | None, str]:
        def read() -> tuple[bytes, str]:
            answer: Any = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]

        try:
            return call(self._place, self._patience, read, passing=NOT_THERE)
        except ClientError as error:
            if code_of(error) not in NOT_THERE:
                raise
            return None, ""


def object_key(key: StateKey) -> str:
    """Return the key of the object that holds a group's state.

    >>> object_key(StateKey(1, 7, "processors"))
    'state/1/processors/00007'
    """
    return f"{PREFIX}{key.generation}/{key.stage}/{key.group:05d}"
