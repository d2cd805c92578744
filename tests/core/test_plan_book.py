"""The book finds the plan that a tick names."""

import pytest

from tests.core.plan_specimens import FULL
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.plan.model import encode_plan, plan_hash
from tocsin.core.plan.source import default_plan


class Shelf:
    """Documents by hash; remembers what was asked."""

    def __init__(self, **documents: bytes) -> None:
        self.documents = documents
        self.asked: list[str] = []

    def fetch(self, named: str) -> bytes | None:
        self.asked.append(named)
        return self.documents.get(named)


class Kept:
    """The one method of blobs that publishing needs."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.blobs[name] = data

    def get(self, name: str) -> bytes | None:
        return self.blobs.get(name)

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        return sorted(name for name in self.blobs if name.startswith(prefix) and name > after)[:limit]


def test_the_empty_hash_and_the_first_plans_own_mean_the_first_plan() -> None:
    shelf = Shelf()
    book = PlanBook(FULL, shelf.fetch)

    assert book.at("") is FULL
    assert book.at(plan_hash(FULL)) is FULL
    assert shelf.asked == []


def test_a_published_plan_is_fetched_once() -> None:
    named = plan_hash(FULL)
    shelf = Shelf(**{named: encode_plan(FULL)})
    book = PlanBook(default_plan(), shelf.fetch)

    assert book.at(named) == FULL
    assert book.at(named) is book.at(named)
    assert shelf.asked == [named]


def test_a_plan_that_is_not_published_yet_is_asked_for_again_later() -> None:
    shelf = Shelf()
    book = PlanBook(default_plan(), shelf.fetch)
    named = plan_hash(FULL)

    with pytest.raises(UnavailableError, match=f"plan '{named}' is named by a tick but not published"):
        book.at(named)

    shelf.documents[named] = encode_plan(FULL)
    assert book.at(named) == FULL


def test_a_document_that_is_no_plan_is_a_wrong_deployment() -> None:
    book = PlanBook(default_plan(), Shelf(abc=b"{}").fetch)

    with pytest.raises(ConfigError, match="compiled plan cannot be read"):
        book.at("abc")


def test_what_is_published_is_what_the_book_finds() -> None:
    kept = Kept()

    named = publish_plan(FULL, kept)

    assert PlanBook(default_plan(), lambda wanted: kept.get(plan_blob(wanted))).at(named) == FULL
