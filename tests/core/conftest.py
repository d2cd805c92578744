"""The machine over a tiny stage and a store in memory."""

from collections.abc import Iterator

import pytest

from tests.core.tally import Batch, FaultyStore, Tally, Total
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.machine import Machine
from tocsin.core.ports import StateStore


@pytest.fixture
def memory() -> Iterator[StateStore]:
    with open_embedded(None, now_ms=lambda: 0) as embedded:
        yield embedded.backend.state


@pytest.fixture
def stage() -> Tally:
    return Tally()


@pytest.fixture
def store(memory: StateStore, stage: Tally) -> FaultyStore:
    return FaultyStore(memory, stage.journal)


@pytest.fixture
def machine(stage: Tally, store: FaultyStore) -> Machine[Total, Batch]:
    return Machine(stage, store)
