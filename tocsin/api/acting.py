"""What people do: about one alert, and by silences. Each action is put once, whatever is repeated."""

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from hashlib import sha256
from secrets import token_hex
from threading import Lock
from typing import Any, Final

import msgspec

from tocsin.api.action_answers import action_answer, silence_answer
from tocsin.api.alert_answers import ActionAnswer, SilenceAnswer, SilencePage
from tocsin.api.alerts import found_alert
from tocsin.api.asked import Asked, NewAction, NewSilence
from tocsin.api.looking import overlay, recent_actions
from tocsin.api.problems import Broken, Kind, ProblemError, invalid, not_found
from tocsin.api.service import Call, Done, Service
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import iso
from tocsin.core.messages import Phase, Transition
from tocsin.core.silences import Silence, is_over, problems

ID_BYTES: Final = 8
ID_DIGITS: Final = 16
KEY_DIGITS: Final = 10
"""Of an id that follows from an idempotency key: so many name the key, the others the request."""

SILENCES_MAX: Final = 500
"""As many as the alerts stage takes of one tenant."""

_acting: Final = Lock()
"""One action at a time in this process, so that two requests with one key make one action."""


def act(service: Service, call: Call[Asked, NewAction]) -> Done[ActionAnswer]:
    """Put what a person does about an alert; answer with the action."""
    asked = call.body
    newest = found_alert(service, call.tenant, call.path["alert"])[0].newest
    _check(asked)

    def made(action_id: str, now_ms: int) -> Action:
        if asked.kind != "note" and newest.phase is not Phase.FIRING:
            raise ProblemError(Kind.CONFLICT, f"the alert must fire, it is {newest.phase}")
        return _action(call, newest, action_id, now_ms)

    action, is_copy = put_once(service, call, made)
    return Done(action_answer(action), is_copy)


def _check(asked: NewAction) -> None:
    if asked.kind == "assign" and not asked.assignee.strip():
        raise invalid("body assignee", "must say who takes care of it")
    if asked.kind == "note" and not asked.text.strip():
        raise invalid("body text", "must say what is noted")
    if asked.kind == "silence" and asked.for_ms is None:
        raise invalid("body for_ms", "must say how long the silence lasts")
    if not asked.assignee.isprintable():
        raise invalid("body assignee", "must be printable")


def _action(call: Call[Asked, NewAction], newest: Transition, action_id: str, now_ms: int) -> Action:
    asked, kind = call.body, ActionKind(call.body.kind)
    action = Action(call.tenant, action_id, now_ms, call.caller.subject, kind, text=asked.text)
    if kind is ActionKind.SILENCE:
        end_ms = now_ms + (asked.for_ms or 0)
        silence = Silence(
            action_id,
            asked.text,
            device=newest.device,
            metric=newest.metric,
            rule=newest.rule,
            start=iso(now_ms),
            end=iso(end_ms),
        )
        return replace(action, silence=silence)
    is_acknowledged = kind is ActionKind.ACKNOWLEDGE and asked.for_ms is not None
    return replace(
        action,
        fingerprint=newest.fingerprint,
        episode=newest.episode,
        assignee=asked.assignee if kind is ActionKind.ASSIGN else "",
        until_ms=now_ms + (asked.for_ms or 0) if is_acknowledged else None,
    )


def put_once(service: Service, call: Call[Any, Any], made: Callable[[str, int], Action]) -> tuple[Action, bool]:
    """Put the action unless the call's idempotency key was used for it; return it, and whether it was there already.

    Args:
        service: Where it is put.
        call: With the key; without one the action is always new.
        made: Makes the action of its id and instant; raises where it may not be done now.

    Raises:
        ProblemError: The key was used for something else.
    """
    with _acting:
        if not call.key:
            action = made(token_hex(ID_BYTES), service.now_ms())
        else:
            action_id = _keyed_id(call)
            for known in recent_actions(service, call.tenant):
                if known.id == action_id:
                    return known, True
                if known.id.startswith(action_id[:KEY_DIGITS]):
                    raise ProblemError(Kind.KEY_REUSED, "the idempotency key was used with another request")
            action = made(action_id, service.now_ms())
        service.backend.alerts.put_action(action)
    return action, False


def _keyed_id(call: Call[Any, Any]) -> str:
    """Return an id that begins with what names the key, and ends with what names the request."""
    scope = "\n".join((call.tenant, call.caller.subject, call.key))
    content = msgspec.json.encode([sorted(call.path.items()), call.body])
    return sha256(scope.encode()).hexdigest()[:KEY_DIGITS] + sha256(content).hexdigest()[: ID_DIGITS - KEY_DIGITS]


def list_silences(service: Service, call: Call[Asked, None]) -> SilencePage:
    """Answer with all silences that are not over: the plan's, then people's, oldest first."""
    now_ms = service.now_ms()
    over = overlay(service, call.tenant)
    planned = [
        silence_answer(one, None, now_ms)
        for one in service.plan().silences
        if fnmatchcase(call.tenant, one.tenant) and not is_over(one, now_ms)
    ]
    made = [silence_answer(silence, action, now_ms) for action, silence in over.made.values()]
    return SilencePage((*planned, *made), len(planned) + SILENCES_MAX, None)


def make_silence(service: Service, call: Call[Asked, NewSilence]) -> Done[SilenceAnswer]:
    """Put a silence; answer with it."""
    if len(overlay(service, call.tenant).made) >= SILENCES_MAX:
        raise ProblemError(Kind.CONFLICT, f"there are {SILENCES_MAX} silences already; end some first")

    def made(action_id: str, now_ms: int) -> Action:
        silence = _silence(call.body, action_id, now_ms)
        if found := [Broken(f"body {key}", rule) for key, rule in problems(silence)]:
            detail = "; ".join(f"{one.where}: {one.rule}" for one in found)
            raise ProblemError(Kind.INVALID, detail, errors=found)
        by, text = call.caller.subject, call.body.comment
        return Action(call.tenant, action_id, now_ms, by, ActionKind.SILENCE, text=text, silence=silence)

    action, is_copy = put_once(service, call, made)
    if action.silence is None:
        raise ProblemError(Kind.KEY_REUSED, "the idempotency key was used with another request")
    return Done(silence_answer(action.silence, action, service.now_ms()), is_copy)


def _silence(asked: NewSilence, action_id: str, now_ms: int) -> Silence:
    start_ms = now_ms if asked.start_ms is None else asked.start_ms
    if asked.for_ms is None and not asked.from_time:
        raise invalid("body for_ms", "must say how long the silence lasts, unless from_time says when it recurs")
    return Silence(
        action_id,
        asked.comment,
        site=asked.site,
        gateway=asked.gateway,
        device=asked.device,
        metric=asked.metric,
        rule=asked.rule,
        kind=asked.kind,
        severity=asked.severity,
        start=iso(start_ms),
        end=iso(start_ms + asked.for_ms) if asked.for_ms is not None else "",
        days=asked.days,
        from_time=asked.from_time,
        until_time=asked.until_time,
        zone=asked.zone,
    )


def end_silence(service: Service, call: Call[Asked, None]) -> ActionAnswer:
    """End a person's silence now; answer with the action that ended it, also where it had been ended already."""
    name = call.path["silence"]
    with _acting:
        known = recent_actions(service, call.tenant)
        ended = next((one for one in known if one.kind is ActionKind.UNSILENCE and one.silence_id == name), None)
        if ended is None:
            if not any(one.id == name and one.silence for one in known):
                raise not_found(f"silence {name} that a person made")
            now_ms, by = service.now_ms(), call.caller.subject
            ended = Action(call.tenant, token_hex(ID_BYTES), now_ms, by, ActionKind.UNSILENCE, silence_id=name)
            service.backend.alerts.put_action(ended)
    return action_answer(ended)
