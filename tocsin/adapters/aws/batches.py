"""Cuts what is to be sent into requests that a service takes. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tocsin.adapters.aws.limits import Limit

T = TypeVar("T")


def batches(
    items: Sequence[T], *, count: Limit, size_of: Callable[[T], int] | None = None, size: Limit | None = None
) -> Iterator[list[T]]:
    """Yield the items in order, as few at a time as the limits want; each alone is small enough.

    >>> two = Limit(2, "items", "here")
    >>> list(batches([1, 2, 3], count=two))
    [[1, 2], [3]]
    """
    batch: list[T] = []
    taken = 0
    for item in items:
        length = size_of(item) if size_of else 0
        if batch and (len(batch) == count.most or (size and taken + length > size.most)):
            yield batch
            batch, taken = [], 0
        batch.append(item)
        taken += length
    if batch:
        yield batch
