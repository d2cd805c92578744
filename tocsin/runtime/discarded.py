"""What a mapping of a log gives up, as Lambda reports it to an on-failure destination in S3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tocsin.core.clock import iso
from tocsin.core.ports import Blobs, StoredRecord
from tocsin.runtime.mapping import Context

EXHAUSTED: Final = "RetryAttemptsExhausted"
EXPIRED: Final = "RecordAgeExceeded"
ON_FAILURE_PREFIX: Final = "on-failure/"


@dataclass(frozen=True, slots=True)
class Discarded:
    """Records of one shard that are given up.

    Attributes:
        event: The event that they make.
        records: The records, in order, at least one.
        attempts: How many invocations with them have failed.
        condition: Why, in Lambda's word.
        error: With what the last invocation failed, where it failed as a whole.
    """

    event: dict[str, Any]
    records: Sequence[StoredRecord]
    attempts: int
    condition: str
    error: Exception | None

    def name(self, mapping: str) -> str:
        """Return the name of the blob that keeps the report; the same records have the same name."""
        first, last = self.records[0], self.records[-1]
        return f"{ON_FAILURE_PREFIX}{mapping}/{first.shard}/{first.sequence}-{last.sequence}.json"

    def report(self, context: Context, now_ms: int, *, has_payload: bool = True) -> bytes:
        """Return the report: metadata, and the event as text, so that it can be put again.

        Args:
            context: Of the last invocation.
            now_ms: The present instant.
            has_payload: Whether the event comes along; queues and topics get the metadata alone.
        """
        response: dict[str, object] = {"statusCode": 200, "executedVersion": context.function_version}
        if self.error:
            response["functionError"] = "Unhandled"
        said: dict[str, object] = {
            "requestContext": {
                "requestId": context.aws_request_id,
                "functionArn": context.invoked_function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "responseContext": response,
            "version": "1.0",
            "timestamp": iso(now_ms),
            **self._batch_info(),
        }
        if has_payload:
            said["payload"] = msgspec.json.encode(self.event).decode()
        return msgspec.json.encode(said)

    def _batch_info(self) -> dict[str, object]:
        first, last = self.records[0], self.records[-1]
        origin = self.event["Records"][0]
        name = "KinesisBatchInfo" if origin["eventSource"] == "aws:kinesis" else "DDBStreamBatchInfo"
        return {
            name: {
                "shardId": first.shard,
                "startSequenceNumber": first.sequence,
                "endSequenceNumber": last.sequence,
                "approximateArrivalOfFirstRecord": iso(first.arrival_ms),
                "approximateArrivalOfLastRecord": iso(last.arrival_ms),
                "batchSize": len(self.records),
                "streamArn": origin["eventSourceARN"],
            }
        }


OnFailure = Callable[[Discarded, Context, int], None]
"""Takes what is given up, the context of the last invocation, and the present instant."""


def kept_in(blobs: Blobs) -> OnFailure:
    """Return a destination that keeps each report as a blob under a name made of mapping and position."""

    def keep(lost: Discarded, context: Context, now_ms: int) -> None:
        blobs.put(lost.name(context.function_name), lost.report(context, now_ms))

    return keep
