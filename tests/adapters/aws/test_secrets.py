"""Secrets of receivers, from AWS Secrets Manager."""

import pytest

from tests.contract.moto_backend import clients_of_moto, moto_at
from tocsin.adapters.aws import clients
from tocsin.adapters.aws.secrets import FRESH_MS, StoredSecrets, stored_secrets
from tocsin.core.clock import VirtualClock
from tocsin.core.errors import UnavailableError


class Document:
    """A document that changes, or does not answer."""

    def __init__(self, text: str) -> None:
        self.text: str | None = text
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        if self.text is None:
            raise UnavailableError("no answer")
        return self.text


def test_secret_is_read_once_in_a_while_and_a_changed_one_is_found() -> None:
    clock, document = VirtualClock(0), Document('{"hook": "a"}')
    secrets = StoredSecrets(document.read, clock.now_ms)

    assert [secrets("hook"), secrets("hook"), secrets("other")] == ["a", "a", None]
    document.text = '{"hook": "b"}'
    assert (secrets("hook"), document.reads) == ("a", 1)
    clock.advance_to(FRESH_MS)
    assert (secrets("hook"), document.reads) == ("b", 2)


@pytest.mark.parametrize("damage", [None, "no JSON", '["a"]', '{"hook": 1}'])
def test_what_was_known_holds_while_the_document_cannot_be_read(damage: str | None) -> None:
    clock, document = VirtualClock(0), Document('{"hook": "a"}')
    secrets = StoredSecrets(document.read, clock.now_ms)
    secrets("hook")
    document.text = damage
    clock.advance_to(FRESH_MS)

    assert secrets("hook") == "a"


def test_secrets_are_those_of_the_document_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_at(lambda: 0):
        manager = clients_of_moto().secrets
        arn = manager.create_secret(Name="tocsin-routes", SecretString='{"hook": "s3cret"}')["ARN"]
        monkeypatch.setattr(clients, "Clients", lambda settings: clients_of_moto())  # noqa: ARG005  made once
        secrets = stored_secrets({"TOCSIN_SECRETS_ARN": arn, "AWS_REGION": "us-east-1"}, lambda: 0)

        assert secrets is not None
        assert (secrets("hook"), secrets("none")) == ("s3cret", None)


def test_without_a_document_there_are_none() -> None:
    assert stored_secrets({"AWS_REGION": "us-east-1"}, lambda: 0) is None
