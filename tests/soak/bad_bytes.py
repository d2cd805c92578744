"""Bad input by seed: messages, blobs, recordings and YAML, spoiled in ways that have hurt parsers before."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tests.processors.streams import Message, plan_of, play
from tocsin.core.columns import PaneBatch, no_panes
from tocsin.core.formats.pane_bytes import encode_panes
from tocsin.core.formats.recording import Header, Recorded, encode_header, encode_record
from tocsin.core.formats.ticks import encode_tick
from tocsin.core.keys import HASH_END, TICK_KEY
from tocsin.core.messages import Tick

ROOT: Final = Path(__file__).parents[2]
ARRIVAL_MS: Final = 1_795_428_000_250
KEYS: Final = (*["acme#pump-7"] * 30, "acme#pump-8", "acme#", "#", "", "!tick", "a#b#c", "acme#" + "x" * 70)

VALUES: Final = (
    *('""', '"pump-8"', '"a#b"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"' + "x" * 300 + '"', "null", "true"),
    *("[]", "{}", "[[[[[[[[[[[]]]]]]]]]]]", '{"a":' * 9 + "1" + "}" * 9, "NaN", "Infinity", "-Infinity", "-0.0"),
    *("1e308", "1e309", "-1e400", "1e-400", "0.1e", "01", "+1", "1.", ".5", "0x10", "1_000", "9" * 400, "-" + "9" * 30),
    *("9223372036854775807", "9223372036854775808", "18446744073709551616", "9007199254740993", "1.7954e12"),
    *('"2026-11-23T10:00:00Z"', '"2026-11-23T10:00:00+25:00"', '"2026-02-30T10:00:00Z"', '"9999-12-31T23:59:59Z"'),
    *('"2026-11-23T10:00:60Z"', '"0000-00-00"', '"２０２６-11-23T10:00:00Z"', "253402300799999", "-62135596800000"),
    *('{"m":1,"m":2}', '{"":1}', '{"m":"1"}', '{"m":null}', '{"m":[1]}', '{"m":1e999}', '{"ü":1}', '{"a#b":1}'),
    "{" + ",".join(f'"m{number}":{number}' for number in range(80)) + "}",
)
FIELDS: Final = ("device", "ts", "seq", "boot", "metrics", "tenant", "extra", "Device", "ts ", "")
PIECES: Final = (
    *(b"", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r\n", b"\\", b"\\u", b"\\ud800", b"\x00", b"\xff"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xf4\x90\x80\x80", b" " * 40, b"\t", b"NaN", b"1e999", b"/**/"),
    *(b"{" * 30, b"[" * 300, b'{"a":' * 12, b'","', b'":1,"', b"9" * 60, b"'", b"&a", b"*a", b"!!python/object:x"),
)
YAML_VALUES: Final = (
    *("", "~", "no", "0", "-1", "1e400", ".nan", ".inf", "0x1F", "1_0", "9" * 60, "1m", "-1m", "1ms2", "99999999d"),
    *("[]", "{}", "[[[]]]", "{a: {b: {c: 1}}}", "*a", "&a 1", "!!int 5", "!!python/object/apply:os.system [x]", '"'),
    *("'", "|", ">", "? a", "2026-11-23", "2026-02-30T00:00:00Z", "a: b", "- x", "%", "@x", "`x`", "\u0085", "\\x41"),
    *("[1m, 1m]", "every 10s", "1m every 7s", '"\\ud800"', '"\\U00110000"', "x" * 500, "🔔", "../../etc/passwd", "**"),
)


def message(chance: Random) -> bytes:
    """Return one message that is probably bad: fields with odd values, then perhaps spoiled bytes."""
    fields = {
        "device": '"pump-7"',
        "ts": str(ARRIVAL_MS + chance.choice((0, 0, -5_000, 299_999, 300_001, -(10**10)))),
        "seq": str(chance.randrange(1 << 20)),
        "metrics": f'{{"temperature_celsius":{chance.uniform(-50, 150)!r}}}',
    }
    for _ in range(chance.randrange(3)):
        fields[chance.choice(FIELDS)] = chance.choice(VALUES)
    if chance.random() < 0.1:
        del fields[chance.choice(tuple(fields))]
    data = ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in fields.items()) + "}").encode()
    return spoiled(chance, data) if chance.random() < 0.5 else data


def body(chance: Random) -> bytes:
    """Return a record or body: a message, several as array or lines, or no message at all."""
    kind = chance.random()
    if kind < 0.7:
        return message(chance)
    if kind < 0.8:
        return b"[" + b",".join(message(chance) for _ in range(chance.randrange(5))) + b"]"
    if kind < 0.9:
        return b"\n".join(message(chance) for _ in range(chance.randrange(1, 5)))
    if kind < 0.95:
        return chance.randbytes(chance.randrange(60))
    return b"".join(chance.choice(PIECES) for _ in range(chance.randrange(12)))


def spoiled(chance: Random, data: bytes) -> bytes:
    """Return the bytes with a few places cut, doubled, flipped or replaced."""
    spoilt = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(spoilt) + 1)
        until = min(len(spoilt), at + chance.choice((0, 1, 1, 2, 8, 40)))
        old = bytes(spoilt[at:until])
        flipped = bytes(byte ^ (1 << chance.randrange(8)) for byte in old)
        spoilt[at:until] = chance.choice((b"", old * 2, flipped, chance.choice(PIECES)))
    return bytes(spoilt)


def large_bodies() -> Sequence[bytes]:
    """Return bodies of some 100 KB, each made to be slow: nesting, escapes, endless numbers, many keys."""
    good = b'{"device":"pump-7","ts":%d,"metrics":{"m":1}}' % ARRIVAL_MS
    size = 100_000
    return (
        b"[" * size,
        b'{"a":' * (size // 5),
        b"[" + b"," * size + b"]",
        b"[[" + b"[," * (size // 2),
        b"[" + b"[]," * (size // 3) + b"1]",
        b"[" + b'"",' * (size // 3) + b'"\\"]',
        b'{"device":"pump-7","ts":1,"metrics":{"m":1},"extra":[' + b'"",' * (size // 3) + b"1]}",
        b'"' + b"\\u0041" * (size // 6) + b'"',
        b'"' + b"\\" * size,
        b"9" * size,
        b'{"device":"pump-7","ts":' + b"9" * size + b',"metrics":{"m":1}}',
        b'{"device":"pump-7","ts":1,"metrics":{"m":1e' + b"9" * size + b"}}",
        b'{"device":"' + b"x" * size + b'","ts":1,"metrics":{"m":1}}',
        b'{"device":"pump-7","ts":"' + b"2" * size + b'","metrics":{"m":1}}',
        b'{"device":"pump-7","ts":1,"metrics":{' + b",".join(b'"m%d":1' % n for n in range(size // 10)) + b"}}",
        b"{" + b",".join(b'"a":1' for _ in range(size // 6)) + b"}",
        b"[" + b",".join([good] * (size // len(good))) + b"]",
        b"[" + b",".join([good[:-1]] * (size // len(good))) + b"]",
        b"\n".join([good] * 900),
        b"\n".join([good[:-1] + b',"extra":[[[[[[[1]]]]]]]}'] * 900),
        b"\n".join([b"}"] * (size // 2)),
        b"\n" * size,
        b"," * size,
        b" " * size + good,
        b"\xff" * size,
        bytes(size),
    )


@cache
def pane_blobs() -> tuple[bytes, ...]:
    """Return blobs of panes and a tick as they travel on the log."""
    empty = PaneBatch(1, 3, 7, no_panes(2), tick_ms=ARRIVAL_MS, plan_hash="0" * 16, shard="shard-0")
    plan = plan_of({"*": [(60_000, 60_000)]})
    items = [Message("pump-7", second * 1_000, (("level_percent", second / 3),)) for second in range(0, 400, 7)]
    _, entries = play(plan, items)
    return (encode_panes(empty), encode_panes(PaneBatch(1, 0, 1, no_panes(0))), entries[0].data, entries[0].data)


@cache
def tick_blob() -> bytes:
    """Return a tick."""
    return encode_tick(Tick(ARRIVAL_MS, "0" * 16, 0, HASH_END))


def recording_line(chance: Random) -> bytes:
    """Return a line of a recording, spoiled."""
    record = chance.choice(
        (
            Recorded(ARRIVAL_MS, "acme#pump-7", message(chance), "shard-0:17"),
            Recorded(ARRIVAL_MS, "acme#pump-7", chance.randbytes(20), "", "spike"),
            Recorded(ARRIVAL_MS, TICK_KEY, tick_blob()),
        )
    )
    line = encode_record(record) if chance.random() < 0.8 else encode_header(Header())
    return spoiled(chance, line)


@cache
def _yaml_lines(name: str) -> tuple[str, ...]:
    return tuple((ROOT / name).read_text("utf-8").splitlines())


def yaml_text(chance: Random, name: str) -> str:
    """Return the shipped file with lines dropped, doubled, moved or given another value, perhaps spoiled."""
    lines = list(_yaml_lines(name))
    start = chance.randrange(len(lines))
    lines = lines[:8] + lines[start : start + 20] if chance.random() < 0.8 else lines
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(lines))
        key, colon, _ = lines[at].partition(":")
        lines[at : at + 1] = chance.choice(
            (
                [],
                [lines[at]] * 2,
                ["  " + lines[at]],
                [f"{key}{colon} {chance.choice(YAML_VALUES)}"],
                [f"{key}{colon} {chance.choice(YAML_VALUES)}"],
                [lines[at].replace(chance.choice("{}[],:-*"), chance.choice("{}[],:-*"))],
            )
        )
        lines = lines or [""]
    text = "\n".join(lines)
    if chance.random() < 0.2:
        return spoiled(chance, text.encode()).decode(errors="replace")
    return text
