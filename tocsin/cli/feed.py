"""Alert transitions as lines of text, one each."""

import click

from tocsin.cli.words import date_and_time
from tocsin.core.messages import Phase, Severity, Transition

COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def feed_line(transition: Transition) -> str:
    """Return one line about the transition, coloured; what prints it takes colours away for files and pipes."""
    firing = transition.phase is Phase.FIRING
    colour = COLOURS[transition.severity] if firing else "green"
    state = str(transition.severity if firing else transition.phase)
    head = f"{date_and_time(transition.at_ms)} {click.style(f'{state:<8}', colour)} {transition.device}"
    return f"{head}  {transition.summary}  [{transition.fingerprint}]"


def is_told(transition: Transition) -> bool:
    """Tell whether people want to see the transition in a feed."""
    return transition.phase in {Phase.FIRING, Phase.RESOLVED, Phase.EXPIRED}
