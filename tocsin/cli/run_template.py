"""``tocsin run --template``: the functions of a template, fed from lines, in virtual time."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec

from tocsin.cli.output import print_json, talk
from tocsin.core.clock import DAY_MS, VirtualClock, iso
from tocsin.core.errors import UsageError
from tocsin.core.formats.iso_time import iso_ms
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.sam.function import Invocation
from tocsin.runtime.sam.host import Host, as_bytes
from tocsin.runtime.sam.http import Call
from tocsin.runtime.sam.model import Topology
from tocsin.runtime.stream import StreamMapping

STDIN: Final = "-"
START_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where virtual time begins unless the first line says otherwise."""
SETTLE_MS_MAX: Final = DAY_MS
"""As long as a stream usually keeps its records."""
FINDING: Final = 1
HTTP: Final = "HttpApi"


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of input.

    Attributes:
        to: Logical id of a resource.
        data: What to put there.
        key: Partition key, message group, key of an object, or subject.
        attributes: Of a message.
        at: Instant up to which time passes first; empty for at once.
    """

    to: str
    data: Any
    key: str = ""
    attributes: dict[str, str] = {}
    at: str = ""


_decode: Final = msgspec.json.Decoder(Line).decode


def run_template(
    stack: Stack, topology: Topology, lines_from: str | None, *, length_ms: int | None, as_json: bool
) -> int:
    """Run the functions until nothing waits; return the exit code.

    Args:
        stack: What the template becomes.
        topology: Its functions.
        lines_from: A file, ``-`` for standard input, or None for no input.
        length_ms: How much longer time passes after the last line, for schedules; None: only what waits is done.
        as_json: Whether calls are printed as JSON.
    """
    with _opened(lines_from) as source:
        lines = _lines(source, lines_from or "")
        first = next(lines, None)
        clock = VirtualClock(_instant_ms(first.at) if first and first.at else START_MS)
        with Host(stack, topology, clock.now_ms) as host:
            shown = _Shown(host, as_json=as_json)
            for line in _with(first, lines):
                _give(host, clock, line, as_json=as_json)
                if lines_from == STDIN:  # someone may be watching; a file's lines of one instant come together
                    host.run_due()
                shown.new_calls()
            if length_ms is not None:
                host.advance(clock, clock.now_ms() + length_ms)
            settled = host.settle(clock, SETTLE_MS_MAX)
            shown.new_calls()
            return shown.end(is_settled=settled)


def _give(host: Host, clock: VirtualClock, line: Line, *, as_json: bool) -> None:
    if line.at:
        host.advance(clock, _instant_ms(line.at))
    if line.to == HTTP:
        answer = host.request(_call(line.data))
        body = answer.body.decode(errors="replace")
        if as_json:
            print_json({"at": iso(clock.now_ms()), "status": answer.status, "body": body})
        else:
            click.echo(f"{iso(clock.now_ms())}  {HTTP}  {answer.status}  {body}")
    else:
        host.give(line.to, line.data, key=line.key, attributes=line.attributes)


def _call(data: object) -> Call:
    try:
        said = msgspec.convert(data, _Request)
    except msgspec.ValidationError as error:
        raise UsageError(f"data of a request must have method and path: {error}") from error
    return Call(said.method, said.path, as_bytes(said.body), said.headers, {}, said.claims)


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    method: str
    path: str
    body: Any = ""
    headers: dict[str, str] = {}
    claims: dict[str, str] | None = None


@contextmanager
def _opened(lines_from: str | None) -> Iterator[Iterable[bytes]]:
    if lines_from is None:
        yield ()
    elif lines_from == STDIN:
        yield sys.stdin.buffer
    else:
        file: IO[bytes]
        with Path(lines_from).open("rb") as file:
            yield file


def _lines(source: Iterable[bytes], name: str) -> Iterator[Line]:
    for number, text in enumerate(source, start=1):
        if text.strip():
            try:
                yield _decode(text)
            except msgspec.MsgspecError as error:
                raise UsageError(f'{name}:{number}: line must be like {{"to": "Queue", "data": 1}}: {error}') from error


def _with(first: Line | None, lines: Iterator[Line]) -> Iterator[Line]:
    if first is not None:
        yield first
        yield from lines


def _instant_ms(text: str) -> int:
    found = iso_ms(text)
    if found < 0:
        raise UsageError(f"at must be like 2026-01-01T00:00:00Z, got {text[:40]!r}")
    return found


class _Shown:
    """Prints calls as they are made, and what is left at the end."""

    def __init__(self, host: Host, *, as_json: bool) -> None:
        self._host = host
        self._as_json = as_json
        self._told = 0

    def new_calls(self) -> None:
        """Print the calls since the last time."""
        for call in self._host.invocations[self._told :]:
            if self._as_json:
                error = None if call.error is None else f"{type(call.error).__name__}: {call.error}"
                said = {"function": call.function, "event": call.event, "answer": call.answer, "error": error}
                print_json({"at": iso(call.at_ms), **said})
            else:
                click.echo(f"{iso(call.at_ms)}  {call.function}  {_items(call)}  {_ending(call)}")
        self._told = len(self._host.invocations)

    def end(self, *, is_settled: bool) -> int:
        """Say what is left; return the exit code."""
        host = self._host
        streams = [one for one in host.mappings.values() if isinstance(one, StreamMapping)]
        given_up = {mapping.name: mapping.delivery.discarded for mapping in streams}
        given_up |= {name: one.counts.discarded for name, one in host.asynchronous.items()}
        dead = {queue.dead.name: queue.dead.depth() for queue in host.resources.queues.values() if queue.dead}
        findings = [f"{name} gave up {count:,}" for name, count in given_up.items() if count]
        findings += [
            f"{name} holds {count:,} dead {'letter' if count == 1 else 'letters'}"
            for name, count in dead.items()
            if count
        ]
        findings += [] if is_settled else ["something is still tried again after a day"]
        calls = "1 call" if len(host.invocations) == 1 else f"{len(host.invocations):,} calls"
        talk(f"{calls}; {'; '.join(findings) or 'nothing is left, nothing was given up'}")
        return FINDING if findings else 0


def _items(call: Invocation) -> str:
    records = call.event.get("Records")
    if isinstance(records, dict | list):
        return f"{len(records):,} records" if len(records) != 1 else "1 record"
    return str(call.event.get("detail-type") or call.event.get("routeKey") or "event")


def _ending(call: Invocation) -> str:
    if call.error is not None:
        return f"failed: {type(call.error).__name__}: {call.error}"
    failures = call.answer.get("batchItemFailures") if isinstance(call.answer, dict) else None
    if failures:
        return f"failed items: {', '.join(str(one.get('itemIdentifier')) for one in failures)}"
    return "done"
