"""Where a multivariate rule keeps the metrics of a device: in rows of eight, its *blocks*, as they first appear."""

import numpy as np

from anomaly.detectors.blocks import BLOCKS_MAX
from anomaly.fold import Fold
from anomaly.rows import JOINT, NONE
from anomaly.state import JOINT_DETECTOR
from anomaly.table import new_rows
from tocsin.core.columns import Int64s


def open_blocks(fold: Fold, device: Int64s, rule: Int64s) -> None:
    """Append a row for each, with nothing in it.

    Args:
        fold: The fold.
        device: shape (n,), device rows.
        rule: shape (n,), places in ``rule_names``.
    """
    rows = new_rows(JOINT, len(device))
    rows["device"], rows["rule"] = device, rule
    fold.state.joints.append(rows)
    fold.state.joint_detector.append(JOINT_DETECTOR.initial(len(device)))
    fold.coverage.block = np.append(fold.coverage.block, np.full(len(device), NONE, np.int32))


def blocks_of(fold: Fold, rows: Int64s) -> tuple[Int64s, Int64s]:
    """Return the rows of all blocks of the devices, those of one side by side, and where each device's begin.

    Args:
        fold: The fold.
        rows: shape (d,), first row of each device.
    """
    onward = fold.coverage.block
    turns, subjects = [rows], [np.arange(len(rows))]
    while len(going := np.flatnonzero(onward[turns[-1]] != NONE)):
        turns.append(onward[turns[-1][going]].astype(np.int64))
        subjects.append(subjects[-1][going])
    if len(turns) == 1:
        return rows, subjects[0]
    subject = np.concatenate(subjects)
    order = np.argsort(subject, kind="stable")
    return np.concatenate(turns)[order], np.searchsorted(subject[order], subjects[0])


def seated(fold: Fold, rows: Int64s, code: Int64s) -> tuple[Int64s, Int64s]:
    """Return the block and the channel of each metric, free ones if it is new; ``NONE`` as channel where no room is.

    Args:
        fold: The fold.
        rows: shape (n,), first rows of distinct devices.
        code: shape (n,), places in ``channel_names``.
    """
    block, channel = _found(fold, rows, code)
    full = np.flatnonzero(channel == NONE)
    full = full[_count(fold, rows[full]) < BLOCKS_MAX]
    if len(full):
        joints, last = fold.state.joints, block[full]
        block[full] = len(joints) + np.arange(len(full))
        channel[full] = 0
        fold.coverage.block[last] = block[full]
        open_blocks(fold, joints["device"][last], joints["rule"][last])
    taken, has_room = fold.state.joints["channel"], channel != NONE
    taken[block[has_room], channel[has_room]] = code[has_room]
    return block, channel


def _found(fold: Fold, rows: Int64s, code: Int64s) -> tuple[Int64s, Int64s]:
    """Return the block and the channel that each metric has or would take, else the last block and ``NONE``."""
    taken, onward = fold.state.joints["channel"], fold.coverage.block
    block, channel, going = rows.copy(), np.full(len(rows), NONE, np.int64), np.arange(len(rows))
    while len(going):
        here = taken[block[going]]
        same, free = here == code[going, None], here == NONE
        channel[going] = np.where(
            same.any(axis=1), same.argmax(axis=1), np.where(free.any(axis=1), free.argmax(axis=1), NONE)
        )
        going = going[(channel[going] == NONE) & (onward[block[going]] != NONE)]
        block[going] = onward[block[going]]
    return block, channel


def _count(fold: Fold, rows: Int64s) -> Int64s:
    """Return how many blocks the devices have."""
    if not len(rows):
        return rows
    blocks, begins = blocks_of(fold, rows)
    return np.diff(np.append(begins, len(blocks)))
