"""Actions and silences as they are answered."""

from tocsin.api.alert_answers import ActionAnswer, Matchers, SilenceAnswer
from tocsin.core.actions import Action
from tocsin.core.silences import MATCHERS, Silence, is_active, span_ms


def action_answer(action: Action) -> ActionAnswer:
    """Return the action as it is answered."""
    return ActionAnswer(
        id=action.id,
        kind=action.kind.value,
        at_ms=action.at_ms,
        by=action.by,
        alert=f"{action.fingerprint}-{action.episode}" if action.fingerprint else None,
        text=action.text,
        assignee=action.assignee or None,
        until_ms=action.until_ms,
        silence=action.silence_id or (action.id if action.silence else None),
    )


def silence_answer(silence: Silence, action: Action | None, now_ms: int) -> SilenceAnswer:
    """Return the silence as it is answered.

    Args:
        silence: The plan's, or a person's.
        action: What made it, or None where the plan has it.
        now_ms: Whether it is in force then.
    """
    start_ms, end_ms = span_ms(silence)
    return SilenceAnswer(
        id=action.id if action else silence.name,
        origin="person" if action else "plan",
        by=action.by if action else None,
        at_ms=action.at_ms if action else None,
        comment=silence.comment,
        matchers=Matchers(**{name: getattr(silence, name) for name in MATCHERS}),
        start_ms=start_ms if silence.start else None,
        end_ms=end_ms,
        days=silence.days,
        from_time=silence.from_time,
        until_time=silence.until_time,
        zone=silence.zone,
        active=is_active(silence, now_ms),
    )
