"""The outlet against a real server on this machine."""

from collections.abc import Iterator

import pytest

from tests.alerts.delivery.receiver import Receiver, receiving
from tocsin.adapters.web.outlet import WebOutlet
from tocsin.core.outlet import Post


@pytest.fixture
def listener() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_body_and_headers_arrive_as_they_are(listener: Receiver) -> None:
    answer = WebOutlet().post(Post(listener.url, "grüß".encode(), {"webhook-id": "m1"}))

    assert (answer.status, answer.detail) == (200, "")
    ((headers, body),) = listener.got
    assert (headers["webhook-id"], body.decode()) == ("m1", "grüß")


@pytest.mark.parametrize(("status", "detail"), [(503, "503 ok"), (302, "302 ok")])
def test_what_is_not_taken_is_an_answer_and_redirects_are_not_followed(
    listener: Receiver, status: int, detail: str
) -> None:
    listener.status, listener.headers = status, {"Location": listener.url, "Retry-After": "7"}

    answer = WebOutlet().post(Post(listener.url, b"{}"))

    assert (answer.status, answer.detail, answer.retry_after_ms) == (status, detail, 7_000)
    assert listener.tried == 1


@pytest.mark.parametrize(("said", "retry_ms"), [("999999", 3_600_000), ("soon", 0), ("-5", 0), ("²", 0)])
def test_time_that_a_receiver_asks_for_is_bounded(listener: Receiver, said: str, retry_ms: int) -> None:
    listener.status, listener.headers = 503, {"Retry-After": said}

    assert WebOutlet().post(Post(listener.url, b"{}")).retry_after_ms == retry_ms


@pytest.mark.parametrize("status", [0, -1])
def test_receiver_that_hangs_or_hangs_up_is_an_answer(listener: Receiver, status: int) -> None:
    listener.status = status

    answer = WebOutlet().post(Post(listener.url, b"{}", timeout_ms=50))

    assert answer.status == 0
    assert answer.detail


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://[::1", "http://127.0.0.1:x/"])
def test_nobody_there_is_an_answer(url: str) -> None:
    assert WebOutlet().post(Post(url, b"{}", timeout_ms=200)).status == 0
