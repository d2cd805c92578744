"""Named byte strings on S3: rejections, late readings, plans, recordings."""

from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.adapters.aws.faults import call, code_of
from tocsin.adapters.aws.keys import BLOBS_PREFIX, object_key
from tocsin.adapters.aws.limits import S3_KEY_BYTES, S3_LIST_KEYS
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.state_objects import NOT_THERE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Blobs:
    """An object a blob.

    Args:
        client: Of S3.
        bucket: Its name.
        patience: How long to go on where it throttles.
    """

    def __init__(self, client: "S3Client", bucket: str, patience: Patience) -> None:
        self._client = client
        self._bucket = bucket
        self._place = f"bucket {bucket}"
        self._patience = patience

    def put(self, name: str, data: bytes) -> None:
        """Write or overwrite the blob."""
        key = object_key(name)
        S3_KEY_BYTES.hold(len(key.encode()), f"blob {name[:200]}")
        call(self._place, self._patience, partial(self._client.put_object, Bucket=self._bucket, Key=key, Body=data))

    def get(self, name: str) -> bytes | None:
        """Return the blob, or None where there is none."""

        def read() -> bytes:
            return self._client.get_object(Bucket=self._bucket, Key=object_key(name))["Body"].read()

        try:
            return call(self._place, self._patience, read, passing=NOT_THERE)
        except ClientError as error:
            if code_of(error) not in NOT_THERE:
                raise
            return None

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        """Return names with the prefix in order, those after ``after``, at most ``limit``."""
        request: dict[str, Any] = {
            "Bucket": self._bucket,
            "Prefix": object_key(prefix),
            **({"StartAfter": object_key(after)} if after else {}),
        }
        found: list[str] = []
        while len(found) < limit:
            wanted = min(limit - len(found), S3_LIST_KEYS.most)
            answer = call(self._place, self._patience, partial(self._client.list_objects_v2, **request, MaxKeys=wanted))
            found += [one["Key"].removeprefix(BLOBS_PREFIX) for one in answer.get("Contents", [])]
            if not answer.get("NextContinuationToken"):
                break
            request["ContinuationToken"] = answer["NextContinuationToken"]
        return found
