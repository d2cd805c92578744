"""The Lambda handler of the queues behind routes, and of their schedule: posts to receivers out."""

import os
from typing import Any, Final

import msgspec

from alerts.delivery.channels import post_of
from alerts.delivery.stage import NAME, Delivery
from alerts.delivery.state import DeliveryState, Line
from alerts.delivery.step import POSTS_MAX, REFUSED, Batch, Dispatch, Outcome, Taken, has_room, is_due, next_post
from tocsin.adapters.aws.secrets import stored_secrets
from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger, told
from tocsin.adapters.web.outlet import WebOutlet
from tocsin.core.clock import NowMs, wall_now_ms
from tocsin.core.errors import ConfigError, TransientError, UnavailableError
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.delivery_event import Delivery as Delivered
from tocsin.core.formats.delivery_event import parse_deliveries
from tocsin.core.keys import group_of
from tocsin.core.machine import Machine
from tocsin.core.messages import Notification
from tocsin.core.outlet import Answer, Outlet, Secrets
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.delivery import Receiver
from tocsin.core.ports import Backend
from tocsin.core.routes import fits, pushed_routes, queue_of

logger: Final = fact_logger(NAME)

SECRET_VARIABLE: Final = "TOCSIN_SECRET_"  # noqa: S105  where secrets are, no secret itself
SHARED_QUEUE_VARIABLE: Final = "TOCSIN_ROUTES_QUEUE"
"""Names the queue that gets all notifications, where routes have no queues of their own."""

UNDELIVERED: Final = "undelivered"
"""Begins the names of blobs that keep what a receiver will never take."""

_notifications: Final = msgspec.json.Decoder(Notification)


def secret_of_environment(name: str) -> str | None:
    """Return the secret that the plan calls so, from the variable ``TOCSIN_SECRET_<NAME>``."""
    return os.environ.get(SECRET_VARIABLE + name.upper().replace("-", "_").replace(".", "_"))


class DeliveryHandler:
    """Takes notifications from the queues behind routes, and posts them; built once, at cold start.

    What is taken is committed before its message leaves the queue, and forgotten only after the receiver took it. A
    crash between a post and the commit of its answer posts it again, under the same id.

    Args:
        backend: With the states and blobs.
        plans: Their first plan has the routes and receivers.
        outlet: Posts.
        secrets: Finds what the plan names.
        now_ms: The clock.
        shared_queue: Name of a queue that gets all notifications; the routes are then applied here.
    """

    def __init__(
        self,
        backend: Backend,
        plans: PlanBook,
        outlet: Outlet,
        secrets: Secrets,
        now_ms: NowMs,
        *,
        shared_queue: str = "",
    ) -> None:
        plan = plans.first
        self._shared_queue = shared_queue
        self._routes = tuple(pushed_routes(plan))
        self._receivers: dict[str, Receiver] = {one.name: one for one in plan.receivers}
        self._receiver_of = {queue_of(route): receiver.name for route, receiver in pushed_routes(plan)}
        self._groups = plan.groups
        self._blobs = backend.blobs
        self._outlet = outlet
        self._secrets = secrets
        self._now_ms = now_ms
        self._machine: Machine[DeliveryState, Batch] = Machine(Delivery(plan.generation), backend.state)
        self._measures: dict[str, float] = {}

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Take the event's messages, if it has any, and post what is due; return the messages that stay in the queue.

        Raises:
            UnavailableError: The store did not answer; the whole batch comes again.
        """
        self._machine.forget()  # another process may have served the same receivers meanwhile
        failed: list[str] = []
        if "Records" in event:
            failed = self._take(parse_deliveries(event))
        self._measures = {"posts": 0, "posts_failed": 0, "notifications_refused": 0}
        for receiver in self._receivers.values():
            self._serve(receiver)
        return batch_failures(failed)

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return self._measures

    def line(self, receiver: str) -> Line:
        """Return how the receiver stands, as it is stored."""
        group = group_of(receiver, self._groups)
        self._fold(group, Batch())
        state = self._machine.held_state(group)
        return (state.lines.get(receiver) if state else None) or Line(receiver)

    def _take(self, messages: list[Delivered]) -> list[str]:
        """Commit that the notifications wait for their receivers; return ids of messages for which there is no room."""
        failed: list[str] = []
        batches: dict[int, list[Taken]] = {}
        for message in messages:
            notification = _notification(message)
            names = None if notification is None else self._receivers_for(message.source, notification)
            if notification is None or names is None:
                logger.error("message is no notification for a receiver", queue=message.source, message_id=message.id)
                continue
            having = [name for name in names if has_room(self.line(name))]
            for name in having:
                batches.setdefault(group_of(name, self._groups), []).append(Taken(name, notification))
            if len(having) < len(names):  # it comes again; who has it by then knows its id
                failed.append(message.item)
        for group, taken in batches.items():
            self._fold(group, Batch(tuple(taken)))
        return failed

    def _receivers_for(self, queue: str, notification: Notification) -> tuple[str, ...] | None:
        """Return who gets what came from the queue, each once; None where nobody knows the queue."""
        if queue in self._receiver_of:
            return (self._receiver_of[queue],)
        if not self._shared_queue or queue != self._shared_queue:
            return None
        fitting = (to.name for route, to in self._routes if fits(route, notification.attributes))
        return tuple(dict.fromkeys(fitting))

    def _serve(self, receiver: Receiver) -> None:
        """Post what is due to the receiver, in order, until it fails or enough is posted."""
        for _ in range(POSTS_MAX):
            line, now_ms = self.line(receiver.name), self._now_ms()
            if not is_due(line, now_ms):
                return
            dispatch = next_post(line, receiver.channel, now_ms)
            answer = self._post(receiver, dispatch, now_ms)
            outcome = Outcome(receiver.name, dispatch.ids, answer, self._now_ms())
            self._fold(group_of(receiver.name, self._groups), Batch(outcomes=(outcome,)))
            self._measures["posts"] += 1
            if 200 <= answer.status < 300:
                continue
            self._measures["posts_failed"] += 1
            logger.warning("receiver failed", receiver=receiver.name, status=answer.status, detail=answer.detail)
            if answer.status not in REFUSED:
                return

    def _post(self, receiver: Receiver, dispatch: Dispatch, now_ms: int) -> Answer:
        secret = self._secrets(receiver.secret) if receiver.secret else None
        if receiver.secret and secret is None:
            logger.warning("secret of a receiver is not set", receiver=receiver.name)
            return Answer(0, f"secret {receiver.secret} is not set")
        try:
            post = post_of(dispatch.notification, receiver, secret, now_ms, dispatch.missed)
        except ConfigError as error:  # what must be told is told in its own words
            logger.warning("template fails", receiver=receiver.name, detail=str(error))
            plain = replace_templates(receiver)
            post = post_of(dispatch.notification, plain, secret, now_ms, dispatch.missed)
        answer = self._outlet.post(post)
        if answer.status in REFUSED:
            self._measures["notifications_refused"] += len(dispatch.ids)
            self._set_aside(receiver, dispatch)
        return answer

    def _set_aside(self, receiver: Receiver, dispatch: Dispatch) -> None:
        """Keep what the receiver will never take, under names that follow from what it is."""
        for one in dispatch.missed or (dispatch.notification,):
            self._blobs.put(f"{UNDELIVERED}/{receiver.name}/{one.id}.json", msgspec.json.encode(one))

    def _fold(self, group: int, batch: Batch) -> None:
        failures: dict[int, TransientError] = self._machine.run({group: batch})
        if group in failures:
            raise UnavailableError(f"delivery group {group} failed: {told(failures[group])}") from failures[group]


def replace_templates(receiver: Receiver) -> Receiver:
    """Return the receiver without templates of its own."""
    return msgspec.structs.replace(receiver, subject="", text="")


def _notification(message: Delivered) -> Notification | None:
    try:
        return _notifications.decode(message.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def make_handler(backend: Backend, plans: PlanBook) -> DeliveryHandler:
    """Return the handler on the backend's ports, posting over HTTP, with secrets from where the environment says."""
    secrets = stored_secrets(os.environ, wall_now_ms) or secret_of_environment
    shared = os.environ.get(SHARED_QUEUE_VARIABLE, "")
    return DeliveryHandler(backend, plans, WebOutlet(), secrets, wall_now_ms, shared_queue=shared)


handler: Final = Entry(NAME, ("state", "blobs"), make_handler)
