"""JSON records to columns, beside a plain msgspec decode of the same bytes, in interleaved runs.

Run ``python -m benchmarks.decoding``. Ratios travel between machines; nanoseconds do not.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Final

import msgspec
import numpy as np

from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.plan.bounds import Bounds

MESSAGES: Final = 1_000
DEVICES: Final = 1_000
ROUNDS: Final = 60
NOW_MS: Final = 1_795_428_000_250

decode_one: Final = msgspec.json.Decoder(Message).decode


@dataclass(frozen=True)
class Case:
    """Records to decode."""

    name: str
    keys: list[str]
    datas: list[bytes]


def messages(
    metrics: int, *, text_time: bool = False, more: dict[str, str] | None = None, devices: int = DEVICES
) -> list[tuple[str, bytes]]:
    chance = random.Random(1)  # noqa: S311  no secret
    found = []
    for number in range(MESSAGES):
        device = f"pump-{chance.randrange(devices):04d}"
        stamp = f"2026-11-23T10:00:{number % 60:02d}.{number % 1_000:03d}Z" if text_time else NOW_MS - number
        values = {f"metric_{which}_celsius": round(chance.random() * 100, 2) for which in range(metrics)}
        fields = {"device": device, "ts": stamp, "seq": number, "boot": 3, "metrics": values, **(more or {})}
        found.append((f"acme#{device}", json.dumps(fields, separators=(",", ":")).encode()))
    return found


def packed(singles: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    by_key: dict[str, list[bytes]] = {}
    for key, data in singles:
        by_key.setdefault(key, []).append(data)
    return [(key, b"\n".join(datas)) for key, datas in by_key.items()]


def spoiled(singles: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [(key, data[:-2] if number % 200 == 0 else data) for number, (key, data) in enumerate(singles)]


def cases() -> list[Case]:
    named = {
        "1 metric": messages(1),
        "1 metric, time as text": messages(1, text_time=True),
        "1 metric, the tenant told": messages(1, more={"tenant": "acme"}),
        "1 metric, an unknown field": messages(1, more={"firmware": "1.2"}),
        "1 metric, 0.5 % cut off": spoiled(messages(1)),
        "5 metrics": messages(5),
        "5 metrics, 100 lines a record": packed(messages(5, devices=10)),
    }
    return [Case(name, [key for key, _ in pairs], [data for _, data in pairs]) for name, pairs in named.items()]


def readable_lines(datas: Sequence[bytes]) -> list[bytes]:
    return [line for data in datas for line in data.split(b"\n") if line.endswith(b"}")]


def decode_plainly(lines: Sequence[bytes]) -> list[Message]:
    return list(map(decode_one, lines))


def timed(work: Callable[[], object]) -> float:
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / MESSAGES


def main() -> None:
    bounds = Bounds()
    timings: dict[str, tuple[list[float], list[float]]] = {}
    every = cases()
    for _ in range(ROUNDS):
        for case in every:
            arrivals_ms = np.full(len(case.keys), NOW_MS)
            plain, columns = timings.setdefault(case.name, ([], []))
            plain.append(timed(partial(decode_plainly, readable_lines(case.datas))))
            columns.append(timed(partial(decode_records, case.keys, case.datas, arrivals_ms, bounds)))
    print(f"{'CPU ns a message':32}{'plain':>8}{'columns':>9}{'ratio':>7}")
    for name, (plain, columns) in timings.items():
        ratio = median(ours / theirs for ours, theirs in zip(columns, plain, strict=True))
        print(f"{name:32}{median(plain):8.0f}{median(columns):9.0f}{ratio:7.2f}")


if __name__ == "__main__":
    main()
