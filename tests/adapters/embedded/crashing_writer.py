"""Writes until it is killed, and says on stdout what was acknowledged; run by the tests as a script.

Each thread writes round after round: three records in one call, its state, one transition, three
messages in one call. After each call that returned it prints ``<thread> <what> <round>``.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread

from tests.contract.specimens import TRANSITION
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.ports import LogRecord, StateKey, StateWrite

THREADS = 3


def main() -> None:
    """Open the file of the first argument and write."""
    print("begin", flush=True)  # noqa: T201 - this is how it talks to the test
    embedded = open_embedded(Path(sys.argv[1]), now_ms=lambda: 0, shards=2)
    for thread in range(THREADS):
        Thread(target=write, args=(embedded, thread)).start()


def write(embedded: Embedded, thread: int) -> None:
    """Go on after the round that the state tells of."""
    key = StateKey(1, thread, "crash")
    (saved,) = embedded.backend.state.load([key])
    version, number = saved.version, int((saved.blob or b"0").split(b" ")[0])
    while True:
        number += 1
        (new,) = embedded.backend.state.commit([StateWrite(key, b"%d %s" % (number, bytes(9_000)), version)])
        assert new is not None
        version = new
        tell(thread, "state", number)
        write_others(embedded, thread, number)


def write_others(embedded: Embedded, thread: int, number: int) -> None:
    """Write what goes with a round."""
    data = str(number).encode()
    embedded.backend.readings.put([LogRecord(f"t#{thread}", data)] * 3)
    tell(thread, "log", number)
    embedded.backend.alerts.put([replace(TRANSITION, device=str(thread), number=number)])
    tell(thread, "alert", number)
    embedded.queue(f"q{thread}").send([str(number)] * 3)
    tell(thread, "queue", number)
    embedded.checkpoints.save("m", str(thread), str(number))


def tell(thread: int, what: str, number: int) -> None:
    """Acknowledge, in one write so that lines of threads do not mix."""
    os.write(1, f"{thread} {what} {number}\n".encode())


if __name__ == "__main__":
    main()
