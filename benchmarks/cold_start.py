"""Cold start of each function: what importing its handler takes, and its first call, in CPU milliseconds.

Run ``python -m benchmarks.cold_start``. Each figure is of a process of its own, medians of runs that take turns. The
first call builds the handler on the embedded backend in memory and takes an event of a hundred records, or one
request; of what a service answers over the network nothing is in it. Bytecode is read as archives have it
(``infra.bytecode``); beside it stands the import of a function whose archive has none, and which compiles all that it
imports from there.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.cold_events import first_events
from benchmarks.table import print_table

RUNS: Final = 5
NUMPY: Final = "numpy alone, for comparison"
BUDGETS_MS: Final = {
    "ingest.handler": 250,
    "ingest.tick": 250,
    "ingest.archive": 250,
    "processors.handler": 250,
    "anomaly.handler": 350,
    "alerts.handler": 250,
    "alerts.delivery.handler": 250,
    "tocsin.api.handler": 250,
    "tocsin.runtime.joined": 350,
}
FORBIDDEN: Final = ("pydantic", "scipy", "yaml", "boto3", "jinja2", "jwt", "cryptography", "sqlite3")

_IMPORT: Final = """
import time; begun = time.process_time(); import {module} as module; imported = time.process_time()
import sys; found = [name for name in {forbidden} if name in sys.modules]; modules = len(sys.modules)
"""
_CALL: Final = """
import json
from pathlib import Path
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import decode_plan
plan = decode_plan(Path({folder!r}, "plan.json").read_bytes())
event = json.loads(Path({folder!r}, "{module}.json").read_bytes())
embedded = open_embedded(None, now_ms=lambda: event["now_ms"])
began = time.process_time()
module.make_handler(embedded.backend, PlanBook(plan))(event["event"], None)
print(json.dumps([1e3 * (imported - begun), 1e3 * (time.process_time() - began), modules, found]))
"""

_NO_CALL: Final = "import json; print(json.dumps([1e3 * (imported - begun), 0, modules, []]))"


def _run(code: str, bytecode: Path, *, writes: bool = True) -> Any:  # noqa: ANN401  whatever the process printed
    # A function of this size has one core; with more, idle threads of the linear algebra count as CPU time.
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(bytecode)}
    env |= {"PYTHONDONTWRITEBYTECODE": "" if writes else "1"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    return json.loads(done.stdout.splitlines()[-1])


Run = tuple[float, float, int, list[str]]
"""Import and first call in CPU milliseconds, modules, and the forbidden ones among them."""


def measured(folder: Path) -> tuple[dict[str, list[Run]], dict[str, list[float]]]:
    """Return the runs of each handler, and the imports without bytecode.

    Args:
        folder: Where the plan and an event for each handler lie.
    """
    programs = {NUMPY: _IMPORT.format(module="numpy", forbidden=()) + _NO_CALL}
    for module in BUDGETS_MS:
        programs[module] = _IMPORT.format(module=module, forbidden=FORBIDDEN) + _CALL.format(
            module=module, folder=str(folder)
        )
    bytecode, none = folder / "bytecode", folder / "none"
    found: dict[str, list[Run]] = {module: [] for module in programs}
    compiling: dict[str, list[float]] = {module: [] for module in programs}
    for program in programs.values():
        _run(program, bytecode)  # writes it
    # Only that of the standard library, which the runtime brings.
    standard = Path(sysconfig.get_path("stdlib")).resolve().relative_to("/")
    shutil.copytree(bytecode / standard, none / standard)
    for _ in range(RUNS):
        for module, program in programs.items():
            found[module].append(tuple(_run(program, bytecode)))
            compiling[module].append(_run(program, none, writes=False)[0])
    return found, compiling


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        for file, content in first_events().items():
            Path(name, file).write_bytes(content)
        found, compiling = measured(Path(name))
    rows = [
        (
            module,
            f"{median(run[0] for run in runs):.0f}",
            str(BUDGETS_MS.get(module, "")),
            f"{median(compiling[module]):.0f}",
            "" if module == NUMPY else f"{median(run[1] for run in runs):.0f}",
            str(runs[0][2]),
            ", ".join(runs[0][3]) or "none",
        )
        for module, runs in found.items()
    ]
    heads = ("handler", "import", "budget", "without bytecode", "first call", "modules", "forbidden imports")
    print_table("Cold start, CPU ms", heads, rows)


if __name__ == "__main__":
    main()
