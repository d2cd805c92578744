"""Whether it serves, and for whom the token speaks."""

from tocsin.api.answers import Health, Me
from tocsin.api.asked import Asked
from tocsin.api.service import Call, Service


def show_health(service: Service, call: Call[Asked, None]) -> Health:  # noqa: ARG001  the shape of a route
    """Answer that it serves."""
    return Health("ok", service.version, service.now_ms(), service.mode)


def show_me(service: Service, call: Call[Asked, None]) -> Me:
    """Answer with what the token says, and what the page needs to know of the clock."""
    caller = call.caller
    return Me(
        tenant=caller.tenant,
        subject=caller.subject,
        role=caller.role.value if caller.role else "",
        expires_ms=caller.expires_ms,
        version=service.version,
        mode=service.mode,
        now_ms=service.now_ms(),
        speed=service.speed,
    )
