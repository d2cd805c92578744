"""Clients that answer from a script, which botocore checks against the service's model, both ways."""

from functools import cache
from random import Random
from typing import Any

from botocore.stub import ANY, Stubber

from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.parallel import Parallel
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.adapters.aws.table import Table

__all__ = ["ANY", "Hourglass", "Script", "patience_of", "table_of"]

THROTTLED = "ThrottlingException"


@cache
def _clients() -> Clients:
    return Clients(AwsSettings("us-east-1", endpoints={"": "http://127.0.0.1:9"}))


class Hourglass:
    """A clock on which pauses take no time of anybody's."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.pauses: list[float] = []

    def now_s(self) -> float:
        return self.elapsed_s

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.elapsed_s += seconds


def patience_of(hourglass: Hourglass | None = None, *, seed: int = 1) -> Patience:
    glass = hourglass or Hourglass()
    return Patience(Random(seed), glass.now_s, glass.pause)  # noqa: S311  no secret


class Script:
    """What a service answers, in order; every answer must be asked for, with the parameters that are said."""

    def __init__(self, service: str) -> None:
        self.client: Any = getattr(_clients(), service)
        self._stubber = Stubber(self.client)

    def answers(self, operation: str, answer: dict[str, Any], **asked: Any) -> "Script":
        self._stubber.add_response(operation, answer, asked or None)
        return self

    def refuses(self, operation: str, code: str, *, status: int = 400, **more: Any) -> "Script":
        """Refuse with the code; ``more`` is set beside the error, as some services do."""
        meta = more.pop("meta", {})
        self._stubber.add_client_error(
            operation, code, "as scripted", status, modeled_fields=more or None, response_meta=meta
        )
        return self

    def __enter__(self) -> Any:
        self._stubber.activate()
        return self.client

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._stubber.assert_no_pending_responses()
        finally:
            self._stubber.deactivate()


def table_of(client: Any, hourglass: Hourglass | None = None) -> Table:
    return Table(client, "things", patience_of(hourglass), Parallel(1))
