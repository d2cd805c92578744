"""The command ``tocsin``: data to standard output, talk to standard error.

Exit codes: 0 fine, 1 a finding, 2 wrong use.
"""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
from click.exceptions import NoArgsIsHelpError

from tocsin.core.errors import ConfigError, DamagedError, RecordingError, TocsinError, UsageError

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": ("tocsin.cli.demo", "demo"),
    "simulate": ("tocsin.cli.simulate", "simulate"),
    "run": ("tocsin.cli.run", "run"),
    "serve": ("tocsin.cli.serve", "serve"),
    "page": ("tocsin.cli.page", "page"),
    "watch": ("tocsin.cli.watch", "watch"),
    "record": ("tocsin.cli.record", "record"),
    "replay": ("tocsin.cli.replay", "replay"),
    "recording": ("tocsin.cli.recording", "recording"),
    "diff": ("tocsin.cli.diff", "diff"),
    "score": ("tocsin.cli.score", "score"),
    "tune": ("tocsin.cli.tune", "tune"),
    "fit": ("tocsin.cli.fit", "fit"),
    "fuzz": ("tocsin.cli.fuzz", "fuzz"),
    "rejected": ("tocsin.cli.rejected", "rejected"),
    "alerts": ("tocsin.cli.alerts", "alerts"),
    "plan": ("tocsin.cli.plan", "plan"),
    "dlq": ("tocsin.cli.dlq", "dlq"),
    "state": ("tocsin.cli.state", "state"),
    "archive": ("tocsin.cli.archive", "archive"),
    "backfill": ("tocsin.cli.backfill", "backfill"),
    "cost": ("tocsin.cli.cost", "cost"),
    "iam": ("tocsin.cli.iam", "iam"),
    "doctor": ("tocsin.cli.doctor", "doctor"),
}
WRONG_USE: Final = 2
FINDING: Final = 1
INTERRUPTED: Final = 130


class _Commands(click.Group):
    """The commands; each is imported when it is used, so that none pays for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click passes it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that has seen enough, as ``head`` has, is no error."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Else Python would fail once more at its end, flushing what nobody reads.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return result


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tocsin", message="%(prog)s %(version)s")
def tocsin() -> None:
    """Alerts that can be trusted, from device telemetry."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; every error of ours is one line per problem."""
    try:
        code = tocsin.main(args=arguments, prog_name="tocsin", standalone_mode=False)
    except NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(WRONG_USE)
    except click.ClickException as error:
        _say(error.format_message())
        sys.exit(WRONG_USE)
    except (UsageError, ConfigError, RecordingError, DamagedError) as error:
        _say(str(error))
        sys.exit(WRONG_USE)
    except TocsinError as error:
        _say(str(error))
        sys.exit(FINDING)
    except (KeyboardInterrupt, click.Abort):
        _say("stopped")
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str) -> None:
    for line in message.splitlines() or [message]:
        click.echo(f"tocsin: {line}", err=True)
