"""Signatures of webhooks, against the example of the specification and against replays."""

import pytest

from tocsin.core.formats.webhook_signature import TOLERANCE_MS, problem_with, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  the example of the specification
BODY = b'{"test": 2432232314}'
AT_MS = 1_614_265_330_000


def test_signature_is_that_of_the_specifications_example() -> None:
    headers = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, AT_MS)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("shift_ms", [0, TOLERANCE_MS, -TOLERANCE_MS])
def test_receiver_believes_what_is_signed_and_fresh(shift_ms: int) -> None:
    headers = signed_headers(SECRET, "m1", BODY, AT_MS)

    assert problem_with({name.title(): value for name, value in headers.items()}, BODY, SECRET, AT_MS + shift_ms) == ""


@pytest.mark.parametrize(
    ("changes", "body", "now_ms", "expected"),
    [
        pytest.param({}, BODY, AT_MS + TOLERANCE_MS + 1_000, "too far from now", id="a replay"),
        pytest.param({}, BODY, AT_MS - TOLERANCE_MS - 1_000, "too far from now", id="from the future"),
        pytest.param({}, BODY + b" ", AT_MS, "not of this body", id="another body"),
        pytest.param({"webhook-id": "m2"}, BODY, AT_MS, "not of this body", id="another id"),
        pytest.param({"webhook-timestamp": "1614265331"}, BODY, AT_MS, "not of this body", id="another time"),
        pytest.param({"webhook-timestamp": "now"}, BODY, AT_MS, "must be seconds", id="no time"),
        pytest.param({"webhook-signature": "v1,é"}, BODY, AT_MS, "not of this body", id="no signature"),
        pytest.param({"webhook-signature": ""}, BODY, AT_MS, "not of this body", id="nothing"),
    ],
)
def test_receiver_does_not_believe_what_is_forged_or_old(
    changes: dict[str, str], body: bytes, now_ms: int, expected: str
) -> None:
    headers = signed_headers(SECRET, "m1", BODY, AT_MS) | changes

    assert expected in problem_with(headers, body, SECRET, now_ms)


def test_one_of_several_signatures_is_enough_so_that_secrets_can_be_changed() -> None:
    headers = signed_headers(SECRET, "m1", BODY, AT_MS)
    both = headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}

    assert problem_with(both, BODY, SECRET, AT_MS) == ""
