"""Secrets that the plan names, kept in AWS Secrets Manager as one JSON object of name to secret."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec

from tocsin.adapters.aws.settings import from_environment
from tocsin.core.clock import MINUTE_MS, NowMs
from tocsin.core.errors import ConfigError, TransientError

VARIABLE: Final = "TOCSIN_SECRETS_ARN"
FRESH_MS: Final = 5 * MINUTE_MS
"""So long what was read is believed; a secret that was changed is known after that at the latest."""

_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


class StoredSecrets:
    """Finds secrets in one stored document, which is read when it is needed and kept for some minutes.

    Args:
        read: Returns the document.
        now_ms: The clock.
    """

    def __init__(self, read: Callable[[], str], now_ms: NowMs) -> None:
        self._read = read
        self._now_ms = now_ms
        self._known: dict[str, str] = {}
        self._read_ms: int | None = None

    def __call__(self, name: str) -> str | None:
        """Return the secret of the name, or None where there is none.

        Where the document cannot be read, what was known before still holds: a receiver waits rather than others.
        """
        now_ms = self._now_ms()
        if self._read_ms is None or now_ms - self._read_ms >= FRESH_MS:
            with suppress(ConfigError, TransientError, msgspec.MsgspecError):
                self._known, self._read_ms = _decode(self._read()), now_ms
        return self._known.get(name)


def stored_secrets(environment: Mapping[str, str], now_ms: NowMs) -> StoredSecrets | None:
    """Return the secrets of the document that the environment names, or None where it names none."""
    arn = environment.get(VARIABLE)
    if not arn:
        return None
    settings = from_environment(environment, needs=())
    client: list[Any] = []

    def read() -> str:
        from tocsin.adapters.aws.clients import Clients  # noqa: PLC0415  boto3 takes long to import
        from tocsin.adapters.aws.faults import once  # noqa: PLC0415  needs botocore

        if not client:
            client.append(Clients(settings).secrets)
        answer = once(f"secret {arn.rpartition(':')[2]}", partial(client[0].get_secret_value, SecretId=arn))
        return str(answer["SecretString"])

    return StoredSecrets(read, now_ms)
