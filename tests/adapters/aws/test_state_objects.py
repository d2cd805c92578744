from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody

from tests.adapters.aws.scripted import ANY, Script, patience_of
from tocsin.adapters.aws.parallel import Parallel
from tocsin.adapters.aws.state_objects import S3State
from tocsin.core.errors import DamagedError, UnavailableError
from tocsin.core.ports import StateKey, StateWrite

KEY = StateKey(1, 7, "anomaly")
WRITE = StateWrite(KEY, b"blob", '"etag-1"')
MARK = b"0123456789abcdef"


class FixedMark:
    bytes = MARK


@pytest.fixture(autouse=True)
def _mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.adapters.aws.state_objects.uuid4", FixedMark)


def store_of(client: Any) -> S3State:
    return S3State(client, "states", patience_of(), Parallel(1))


def found(body: bytes, etag: str) -> dict[str, Any]:
    return {"Body": StreamingBody(BytesIO(body), len(body)), "ETag": etag}


def test_commit_puts_only_if_the_etag_holds() -> None:
    asked = {"Bucket": "states", "Key": "state/1/anomaly/00007", "Body": MARK + b"blob", "IfMatch": '"etag-1"'}

    with Script("s3").answers("put_object", {"ETag": '"etag-2"'}, **asked) as client:
        assert store_of(client).commit([WRITE]) == ['"etag-2"']


def test_first_commit_puts_only_if_there_is_nothing() -> None:
    asked = {"Bucket": "states", "Key": "state/1/anomaly/00007", "Body": ANY, "IfNoneMatch": "*"}

    with Script("s3").answers("put_object", {"ETag": '"etag-1"'}, **asked) as client:
        assert store_of(client).commit([StateWrite(KEY, b"blob", "")]) == ['"etag-1"']


@pytest.mark.parametrize(("code", "status"), [("PreconditionFailed", 412), ("NoSuchKey", 404)])
def test_condition_that_does_not_hold_is_a_conflict_and_asks_no_more(code: str, status: int) -> None:
    with Script("s3").refuses("put_object", code, status=status) as client:
        assert store_of(client).commit([WRITE]) == [None]


def test_write_that_met_another_is_tried_again() -> None:
    script = Script("s3").refuses("put_object", "ConditionalRequestConflict", status=409)
    script.answers("put_object", {"ETag": '"etag-2"'})

    with script as client:
        assert store_of(client).commit([WRITE]) == ['"etag-2"']


@pytest.mark.parametrize(("mark", "version"), [(MARK, '"etag-2"'), (b"another's  mark!", None)])
def test_refusal_after_an_answer_that_was_lost_asks_whose_write_it_was(mark: bytes, version: str | None) -> None:
    script = Script("s3").refuses("put_object", "PreconditionFailed", status=412, meta={"RetryAttempts": 1})
    script.answers("get_object", found(mark + b"blob", '"etag-2"'))

    with script as client:
        assert store_of(client).commit([WRITE]) == [version]


def test_write_that_is_never_decided_about_is_unavailable() -> None:
    script = Script("s3").refuses("put_object", "ConditionalRequestConflict", status=409)

    with script as client:
        store = store_of(client)
        store._patience.begin(1)

        with pytest.raises(UnavailableError, match="did not decide"):
            store.commit([WRITE])


def test_object_that_is_not_ours_is_damage() -> None:
    with Script("s3").answers("get_object", found(b"short", '"e"')) as client, pytest.raises(DamagedError):
        store_of(client).load([KEY])
