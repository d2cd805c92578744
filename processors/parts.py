"""Parts: a batch is taken in runs of messages, each short enough for the rings of open slices."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from processors.rows import Admitted
from processors.watermark import Running
from processors.work import Work
from tocsin.core.columns import Bools, Int64s


@dataclass(frozen=True, slots=True)
class Part:
    """A run of messages that is folded at once.

    Attributes:
        begin: Its first message.
        end: The first message after it.
        collides: Whether horizons must move to the devices' first messages before anything is folded.
        running: Horizons along its messages.
    """

    begin: int
    end: int
    collides: bool
    running: Running


@dataclass(frozen=True, slots=True)
class Batch:
    """Admitted messages, and what can be said of each reading beforehand.

    Attributes:
        admitted: The messages with their rows.
        number: shape (r,), number of each reading's slice, from the epoch.
        time_ms: shape (r,), event time of each reading.
    """

    admitted: Admitted
    number: Int64s
    time_ms: Int64s

    @classmethod
    def of(cls, work: Work, admitted: Admitted) -> Self:
        """Return the batch of the messages."""
        time_ms = admitted.messages.time_ms
        if not admitted.messages.has_one_reading_each():
            time_ms = time_ms[admitted.message]
        return cls(admitted, time_ms // work.rows.slice_of(admitted.series), time_ms)

    def first_reading(self, part: Part) -> int:
        """Return the place of the part's first reading."""
        return int(self.admitted.messages.start[part.begin])

    def message_of(self, part: Part) -> Int64s:
        """Return, for each reading of the part, its message's place within the part."""
        here = slice(self.first_reading(part), int(self.admitted.messages.start[part.end]))
        message = self.admitted.message[here]
        return message - part.begin if part.begin else message

    def is_late(self, work: Work, part: Part) -> Bools:
        """Tell for each reading of the part whether its slice was closed when it came."""
        here = slice(self.first_reading(part), int(self.admitted.messages.start[part.end]))
        if (self.admitted.messages.time_ms[part.begin : part.end] >= part.running.before_ms).all():
            return np.zeros(here.stop - here.start, np.bool_)  # a slice ends behind all that is in it
        end_ms = (self.number[here] + 1) * work.rows.slice_of(self.admitted.series[here])
        return np.asarray(end_ms <= part.running.before_ms[self.message_of(part)])


def next_part(work: Work, batch: Batch, begin: int) -> Part:
    """Return the longest part that begins here and fits."""
    admitted, bound_ms = batch.admitted, work.geometry.bound_ms
    device, time_ms = admitted.device[begin:], admitted.messages.time_ms[begin:]
    horizon_ms = work.group.horizon_ms[device]
    fits = _fitting(work, batch, begin, horizon_ms)
    collides = not fits.all()
    end = begin + len(fits)
    if collides:
        _, first, of_first = np.unique(device, return_index=True, return_inverse=True)
        moved_ms = np.maximum(horizon_ms[first], time_ms[first] - bound_ms)[of_first]
        fits = _fitting(work, batch, begin, moved_ms)
        end = begin + (len(fits) if fits.all() else int(np.argmin(fits)))
    part = _part(work, batch, begin, end, collides=collides)
    if work.geometry.correction_ms:
        late = batch.is_late(work, part)
        if late.any():
            # A message that revises is a part of its own, so that windows take it at its place in the order.
            first_late = begin + int(batch.message_of(part)[int(np.argmax(late))])
            return _part(work, batch, begin, max(first_late, begin + 1), collides=collides)
    return part


def _part(work: Work, batch: Batch, begin: int, end: int, *, collides: bool) -> Part:
    device, time_ms = batch.admitted.device[begin:end], batch.admitted.messages.time_ms[begin:end]
    return Part(begin, end, collides, Running.over(work.group, device, time_ms, work.geometry.bound_ms))


def _fitting(work: Work, batch: Batch, begin: int, horizon_ms: Int64s) -> Bools:
    """Tell for each message from ``begin`` whether its slices and its identity slot fit the rings.

    Args:
        work: The group.
        batch: All messages.
        begin: Where to begin.
        horizon_ms: shape (m,), horizon of each message's device before it is folded.
    """
    admitted, geometry = batch.admitted, work.geometry
    if (admitted.messages.time_ms[begin:] - horizon_ms).max() < geometry.fits_ms:
        return np.ones(len(horizon_ms), np.bool_)
    first_reading = int(admitted.messages.start[begin])
    message = admitted.message[first_reading:] - begin
    first = horizon_ms[message] // work.rows.slice_of(admitted.series[first_reading:])
    slot = admitted.messages.time_ms[begin:] // geometry.identity_ms
    first_slot = (horizon_ms - geometry.correction_ms) // geometry.identity_ms
    fits = slot - first_slot < geometry.identity_ring
    fits[message[batch.number[first_reading:] - first >= geometry.ring]] = False
    return np.asarray(fits)
