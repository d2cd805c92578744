"""The answer by which a handler names what of a batch must be delivered again."""

from collections.abc import Iterable
from typing import Any


def batch_failures(identifiers: Iterable[str]) -> dict[str, Any]:
    """Return the answer that has Lambda deliver again: of a stream from the lowest number, of a queue each.

    Args:
        identifiers: Sequence numbers of a stream, or message ids of a queue; none means that all is done.
    """
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}
