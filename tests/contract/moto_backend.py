"""The stand-in moto, in this process, with its traps taken out of the way."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import RLock
from typing import Any
from unittest.mock import patch

import moto.core.utils
import moto.dynamodb.models.table
import moto.kinesis.models
import moto.sqs.models
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.core.clock import NowMs

REGION = "us-east-1"
SETTINGS = AwsSettings(REGION)
_CLOCKS = (moto.core.utils, moto.kinesis.models, moto.dynamodb.models.table)
"""Modules of moto that read the clock for what the contract is about, each under a name of its own."""


@contextmanager
def moto_at(now_ms: NowMs) -> Iterator[Clients]:
    """Give clients of an empty moto that lives by the clock, takes one request at a time, and is gone afterwards."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # else moto does not know streams' hosts
        stack.enter_context(mock_aws())
        stack.enter_context(patch.object(BotocoreStubber, "__call__", _one_at_a_time(BotocoreStubber.__call__)))
        stack.enter_context(patch.object(moto.sqs.models.Message, "visible", property(_is_visible)))
        for module in _CLOCKS:
            stack.enter_context(patch.object(module, "utcnow", lambda: _instant(now_ms())))
        yield clients_of_moto()


_made: list[Clients] = []


def clients_of_moto() -> Clients:
    """Return the clients, made once: making one takes longer than many a test."""
    if not _made:
        _made.append(Clients(SETTINGS))
    return _made[0]


def _instant(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1_000, UTC).replace(tzinfo=None)  # as moto has them


def _is_visible(message: moto.sqs.models.Message) -> bool:
    """Tell whether the message shows: from the instant at which its visibility ends, not from the one after."""
    visible_at: float = message.visible_at
    return moto.core.utils.unix_time_millis() >= visible_at


def _one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let only one request at a time into moto: threads would lose each other's conditional writes."""
    lock = RLock()

    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked
