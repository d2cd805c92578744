"""The documented rules of event sources: each is a test, and the page is made of the tests.

``python -m tests.runtime.sam.rules`` writes the table into ``docs/mappings.md``.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "mappings.md"
BEGIN, END = "<!-- rules: made by `python -m tests.runtime.sam.rules` -->", "<!-- end of rules -->"
MODULES = {
    "Batches": "test_batches",
    "Answers": "test_answers",
    "Failures": "test_failures",
    "Order, lanes and beginnings": "test_order",
    "Filters": "test_filters",
    "Tumbling windows": "test_tumbling",
    "Queues": "test_queues",
    "Kafka": "test_kafka",
    "Asynchronous invocations": "test_asynchronous",
    "Topics, buckets, schedules, requests": "test_triggers",
}
LAMBDA = "AWS Lambda Developer Guide"
STREAMS = f"{LAMBDA}, How Lambda processes records from stream and queue-based event sources"
KINESIS = f"{LAMBDA}, Using Lambda to process records from Amazon Kinesis Data Streams"
PARTIAL = f"{LAMBDA}, Configuring partial batch response with Kinesis Data Streams and Lambda"
DISCARDED = f"{LAMBDA}, Retain discarded batch records for a Kinesis Data Streams event source in Lambda"
WINDOWS = f"{LAMBDA}, Implementing stateful Kinesis Data Streams processing in Lambda"
FILTERING = f"{LAMBDA}, Control which events Lambda sends to your function"
SQS = f"{LAMBDA}, Using Lambda with Amazon SQS"
SQS_ERRORS = f"{LAMBDA}, Handling errors for an SQS event source in Lambda"
ASYNC = f"{LAMBDA}, How Lambda handles errors and retries with asynchronous invocation"
RECORDS = f"{LAMBDA}, Capturing records of Lambda asynchronous invocations"
API = "AWS Lambda API Reference, CreateEventSourceMapping"

Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """One rule as the page has it."""

    text: str
    source: str
    test: str


def rule(text: str, source: str) -> Callable[[Test], Test]:
    """Mark a test as the one that holds a documented rule."""

    def mark(test: Test) -> Test:
        test.rule = (text, source)  # type: ignore[attr-defined]
        return test

    return mark


def rules_of(module: str) -> Iterator[Rule]:
    """Yield the rules of a module, in the order of its lines."""
    tests = vars(import_module(f"tests.runtime.sam.{module}")).values()
    marked = [test for test in tests if hasattr(test, "rule")]
    for test in sorted(marked, key=lambda one: inspect.unwrap(one).__code__.co_firstlineno):
        yield Rule(*test.rule, test.__name__)


def table() -> str:
    """Return the tables of all rules."""
    parts = []
    for heading, module in MODULES.items():
        lines = [f"| {one.text} | {one.source} | `{one.test}` |" for one in rules_of(module)]
        head = [f"### {heading}", "", f"`tests/runtime/sam/{module}.py`", "", "| rule | source | test |"]
        parts.append("\n".join([*head, "| --- | --- | --- |", *lines]))
    return "\n\n".join(parts)


def page(text: str) -> str:
    """Return the page with the tables of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
