"""A notification as each channel takes it: within its limits, escaped in its way, without links made of input."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alerts.delivery.channels import BODIES, email, pagerduty, post_of, preview, slack, webhook, worded
from alerts.delivery.digest import digest
from alerts.delivery.escape import EMAIL_BYTES_MAX, SMS_MAX, SUBJECT_MAX, sms_text, subject_line
from alerts.delivery.schema import webhook_schema
from alerts.delivery.template import RENDERED_MAX, rendered
from tests.alerts.specimens import AT_MS, FIRING, RESOLVED
from tests.alerts.test_message import told
from tocsin.core.errors import ConfigError
from tocsin.core.formats.cloud_event import decision_event, transition_event
from tocsin.core.formats.cloud_event_schema import decision_event_schema, transition_event_schema
from tocsin.core.formats.links import unlinked
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Notification
from tocsin.core.plan.delivery import Receiver

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
FIRES, OVER = replace(told(FIRING), group="acme|site=north", left=1), replace(told(RESOLVED), group="acme|site=north")
HOSTILE = replace(
    FIRES,
    subject="x\r\nBcc: all\x1b[2J <http://evil.example|click> & https://evil.example/ www.evil.com" + "y" * 300,
    text="a <script>\nhttps://evil.example/x\x00 see evil.com <!channel>\n" + "z" * 400_000,
)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("webhook", webhook_schema()),
        ("alert-transition", transition_event_schema()),
        ("alert-decision", decision_event_schema()),
    ],
)
def test_published_schema_is_the_one_of_the_code(name: str, schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8")) == json.loads(json.dumps(schema))


@pytest.mark.parametrize(
    "notification", [FIRES, OVER, HOSTILE, digest([FIRES, OVER], since_ms=AT_MS, now_ms=AT_MS + 1)]
)
def test_webhooks_are_as_the_schema_says(notification: Notification) -> None:
    Draft202012Validator(webhook_schema()).validate(json.loads(json.dumps(webhook(notification, (FIRES, OVER)))))


def test_events_on_the_bus_are_as_their_schemas_say() -> None:
    record = DecisionRecord("acme", "pump-7", AlertRef(FIRING.fingerprint, 1, 2), Decision.SENT, "n1", AT_MS)
    for transition in (FIRING, RESOLVED):
        Draft202012Validator(transition_event_schema()).validate(json.loads(json.dumps(transition_event(transition))))
    Draft202012Validator(decision_event_schema()).validate(json.loads(json.dumps(decision_event(record))))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_subjects_and_sms_are_one_short_line_of_ascii_whatever_comes_in(text: str) -> None:
    for line, most in ((subject_line(text), SUBJECT_MAX), (sms_text(text), SMS_MAX)):
        assert line.isascii()
        assert line.isprintable() or not line
        assert len(line) <= most


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["http", "://", "www", ".", "evil", "com", " ", "x1", "mailto:", "a@b", "\n"])).map(
        "".join
    )
)
def test_no_channel_shows_anything_that_becomes_a_link(text: str) -> None:
    shown = unlinked(text)

    assert "://" not in shown
    assert "evil.com" not in shown
    assert "mailto:" not in shown


def test_figures_and_sentences_stay_as_they_are() -> None:
    assert unlinked("92.4 °C is above 90.5 °C. Since 09:55 UTC.") == "92.4 °C is above 90.5 °C. Since 09:55 UTC."


def test_slack_gets_plain_text_within_its_limits() -> None:
    body = slack(HOSTILE)

    assert "<" not in body["text"].replace("&lt;", "")
    assert {block["text"]["type"] for block in body["blocks"] if "text" in block} == {"plain_text"}
    assert len(body["blocks"][0]["text"]["text"]) <= 150
    assert len(body["blocks"][1]["text"]["text"]) <= 3_000
    assert "\n" not in body["blocks"][0]["text"]["text"]
    assert "://" not in json.dumps(body)


def test_pagerduty_gets_an_incident_a_group_that_ends_with_its_last_alert() -> None:
    first, still, last = pagerduty(FIRES), pagerduty(replace(OVER, left=2)), pagerduty(OVER)

    assert [one["event_action"] for one in (first, still, last)] == ["trigger", "trigger", "resolve"]
    assert {one["dedup_key"] for one in (first, still, last)} == {"tocsin:acme|site=north"}
    assert first["payload"]["severity"] == "critical"
    assert first["payload"]["timestamp"] == "2026-11-23T10:00:00Z"
    assert len(pagerduty(HOSTILE)["payload"]["summary"]) <= 1_024
    assert len(json.dumps(pagerduty(HOSTILE))) < 512_000


def test_mail_is_within_what_sns_takes_and_its_subject_is_one_line() -> None:
    mail = email(HOSTILE)

    assert len(mail.encode()) < EMAIL_BYTES_MAX + 200
    assert mail.split("\n")[0].isascii()
    assert "Bcc" in mail.split("\n")[0]
    assert mail.split("\n")[1] == ""


def test_own_words_of_a_receiver_are_escaped_like_all_others() -> None:
    receiver = Receiver(
        "r", "email", subject="{{ severity|upper }} {{ tenant }}\nBcc: x", text="{{ count }} of {{ group }}"
    )

    shown = preview(FIRES, receiver).split("\n")

    assert shown == ["CRITICAL acme?Bcc: x", "", "1 of acme|site=north"]


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ ''.__class__.__mro__ }}", id="reaches for classes"),
        pytest.param("{{ tenant * 1000000000 }}", id="fills the memory"),
        pytest.param("{{ '%01000000000d' % 1 }}", id="pads without end"),
        pytest.param("{{ tenant|center(1000000000) }}", id="pads with a filter"),
        pytest.param("{{ range(10) }}", id="asks for a global"),
        pytest.param("{% include 'x' %}", id="asks for a file"),
        pytest.param("{{ nobody }}", id="names what is not there"),
        pytest.param("{% if %}", id="is no template"),
        pytest.param("{{ 1 / 0 }}", id="divides by zero"),
    ],
)
def test_template_that_is_wrong_or_leaves_its_sandbox_is_refused(template: str) -> None:
    with pytest.raises(ConfigError, match="template fails"):
        worded(FIRES, Receiver("r", "email", text=template))


def test_template_makes_no_more_than_can_be_sent() -> None:
    long = "{% for a in text %}{{ text }}{% endfor %}"

    assert len(rendered(long, {"text": "x" * 4_000})) == RENDERED_MAX


@pytest.mark.parametrize("channel", ["webhook", "slack", "pagerduty", "email", "sms", "topic"])
def test_every_channel_can_be_previewed(channel: str) -> None:
    assert "pump-7" in preview(FIRES, Receiver("r", channel))  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", sorted(BODIES))
def test_copies_of_a_post_are_the_same_to_the_byte_but_for_their_signature(channel: str) -> None:
    receiver = Receiver("r", channel, "https://x.example/")  # type: ignore[arg-type]
    first, second = (post_of(FIRES, receiver, "s", at_ms) for at_ms in (AT_MS, AT_MS + 90_000))

    assert first.body == second.body
    assert first.headers.get("webhook-id") == second.headers.get("webhook-id")


def test_digest_says_what_still_fires_and_what_is_over_and_names_every_alert_once() -> None:
    other = replace(FIRES, id="b" * 32, group="acme|site=south", attributes=FIRES.attributes | {"site": "south"})

    told_once = digest([FIRES, OVER, other], since_ms=AT_MS, now_ms=AT_MS + 3_600_000)

    assert (
        told_once.subject == "CAUGHT UP critical: 3 notifications within 1 hour without an answer, 1 groups still fire"
    )
    assert told_once.text.index("Still fires:") < told_once.text.index("Over by now:")
    assert told_once.attributes["site"] == "mixed"
    assert len(told_once.alerts) == 1
