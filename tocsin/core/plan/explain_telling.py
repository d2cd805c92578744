"""Who hears of alerts under a plan, in words."""

from tocsin.core.durations import format_duration
from tocsin.core.plan.delivery import Route
from tocsin.core.plan.model import Plan
from tocsin.core.plan.telling import Escalation
from tocsin.core.routes import CHOICES, PATTERNS
from tocsin.core.silences import MATCHERS, Silence


def grouping_lines(plan: Plan) -> list[str]:
    """Return how transitions become notifications, in words."""
    grouping = plan.grouping
    wait = f"after {format_duration(grouping.wait_ms)}" if grouping.wait_ms else "at once"
    resolved = "resolutions are told" if grouping.send_resolved else "resolutions are not told"
    lines = [
        f"  together by {', '.join(('tenant', *grouping.by))}; the first is told {wait},"
        f" the next after {format_duration(grouping.interval_ms)}",
        f"  from severity {grouping.severity_min} on; {resolved}",
    ]
    if grouping.repeat_ms:
        lines.append(f"  what keeps firing is told again every {format_duration(grouping.repeat_ms)}")
    if grouping.gateway_wait_ms:
        wait, least = format_duration(grouping.gateway_wait_ms), grouping.gateway_devices_min
        lines.append(f"  {least} or more devices behind a gateway, silent together, are told as one after {wait}")
        if grouping.outage_mutes == "all":
            lines.append(
                "  while a gateway or a site is out, new alerts behind it are muted, and told later if they last"
            )
    if grouping.flap_episodes:
        within, settle = format_duration(grouping.flap_within_ms), format_duration(grouping.flap_settle_ms)
        lines.append(
            f"  what fires {grouping.flap_episodes} times within {within} flaps: told once, then held for {settle}"
        )
    if grouping.budget:
        within = format_duration(grouping.budget_within_ms)
        lines.append(
            f"  at most {grouping.budget} notifications of a tenant within {within}, then a summary of the rest"
        )
    return lines


def told_lines(plan: Plan) -> list[str]:
    """Return what is kept back and who else is told, in words."""
    return [
        *(_silence_line("silence", one) for one in plan.silences),
        *(_silence_line("maintenance", one) for one in plan.maintenance),
        *map(_escalation_line, plan.escalations),
        *(_route_line(plan, route) for route in plan.routes),
    ]


def _route_line(plan: Plan, route: Route) -> str:
    words = [f"{name} {getattr(route, name)}" for name in PATTERNS if getattr(route, name) != "*"]
    words += [f"{name} {' or '.join(getattr(route, name))}" for name in CHOICES if getattr(route, name)]
    channel = next(one.channel for one in plan.receivers if one.name == route.to)
    return f"  route {route.name}: {', '.join(words) or 'everything'} to {route.to} ({channel})"


def _escalation_line(step: Escalation) -> str:
    words = [f"{name} {getattr(step, name)}" for name in ("tenant", *MATCHERS) if getattr(step, name) != "*"]
    about = f" of {', '.join(words)}" if words else ""
    return (
        f"  escalation {step.name}: what nobody acknowledges{about}, {format_duration(step.after_ms)} after it was told"
    )


def _silence_line(what: str, silence: Silence) -> str:
    words = [f"{name} {getattr(silence, name)}" for name in MATCHERS if getattr(silence, name) != "*"]
    if silence.from_time:
        days = ", ".join(silence.days) or "every day"
        words.append(f"{days} from {silence.from_time} until {silence.until_time} {silence.zone}")
    words += [f"{word} {at}" for word, at in (("since", silence.start), ("before", silence.end)) if at]
    comment = f" ({silence.comment})" if silence.comment else ""
    return f"  {what} {silence.name}{comment}: {', '.join(words)}"
