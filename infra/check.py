"""Checks the template: ``python -m infra.check``. Transformed as SAM does, linted, then held to our own rules."""

import os
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import click
from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

from infra.rules import access, delivery, hosting, storage
from infra.rules.finding import Finding, Rule
from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import Template, load_template

TEMPLATE: Final = Path(__file__).with_name("template.yaml")
RULES: Final[tuple[Rule, ...]] = (*access.RULES, *storage.RULES, *delivery.RULES, *hosting.RULES)
CODE: Final = "s3://code/function.zip"
"""Where the code of a function will be, as packaging writes it into the template."""

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "defaults": {},
    "everything": {
        "JwtIssuer": "https://issuer.example",
        "AlertEmail": "night@example.com",
        "AlertPhone": "+390101234567",
        "SourceTopicName": "plant-readings",
        "MskClusterArn": "arn:aws:kafka:us-east-1:111122223333:cluster/plant/1-2",
        "KafkaBootstrapServers": "a.example.com:9096,b.example.com:9096",
        "KafkaSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:kafka-AbCdEf",
        "OperatorEmail": "day@example.com",
        "UseVpc": "yes",
        "WarmConcurrency": 1,
        "ProcessorsState": "dynamodb",
        "AnomalyState": "dynamodb",
        "AlertsState": "s3",
        "DeliveryState": "dynamodb",
    },
    "other choices": {
        "SnapStart": "yes",
        "ReserveConcurrency": "no",
        "OrderedNotifications": "yes",
        "WindowsCapacity": "on-demand",
        "PanesShards": 0,
        "Watching": "least",
        "Encryption": "keys-of-aws",
        "Uploads": "no",
        "RecordingsRetentionDays": 30,
    },
}
"""Parameters under which the rules must hold: between them, every condition is true once and false once."""


def transformed(template: Template, parameters: Mapping[str, Any] | None = None) -> Template:
    """Return what SAM makes of the template.

    Args:
        template: As ``load_template`` returns it.
        parameters: Values that differ from the defaults.

    Raises:
        ConfigError: SAM refuses the template.
    """
    packaged = deepcopy(template)
    for body in packaged["Resources"].values():
        if body["Type"] == "AWS::Serverless::Function":
            body["Properties"]["CodeUri"] = CODE
    values = {name: body.get("Default") for name, body in packaged.get("Parameters", {}).items()} | dict(
        parameters or {}
    )
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # SAM writes ARNs, and asks the SDK where it is
    translator = Translator({}, Parser())
    try:
        made: Template = translator.translate(packaged, values)
    except InvalidDocumentException as error:
        raise ConfigError(f"SAM refuses the template: {error.message}") from error
    translator.metrics.publish()  # to nobody: else it says, when it goes, that nobody was told
    return made


def findings(template: Template, settings: Mapping[str, Mapping[str, Any]] = SETTINGS) -> list[Finding]:
    """Return what breaks a rule, as the template is written and as SAM transforms it.

    Args:
        template: As ``load_template`` returns it.
        settings: Name to parameters; the rules must hold under each.

    Raises:
        ConfigError: SAM refuses the template, or it cannot be worked out.
    """
    found: set[Finding] = set()
    for parameters in settings.values():
        known = {name: value for name, value in parameters.items() if name in template.get("Parameters", {})}
        for each in (template, transformed(template, known)):
            stack = resolve(each, known)
            found |= {finding for rule in RULES for finding in rule(stack)}
    return sorted(found)


def lint(path: Path) -> str:
    """Return what the linter of CloudFormation says, empty where that is nothing."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own file
    return done.stdout + done.stderr


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=TEMPLATE)
def main(path: Path) -> None:
    """Check the template at PATH: exit code 1 where anything is found."""
    try:
        template = load_template(path)
        found = findings(template)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    words = [*lint(path).splitlines(), *map(str, found)]
    for line in words:
        click.echo(line)
    if words:
        sys.exit(1)
    click.echo(f"{path}: {len(template['Resources'])} resources, {len(RULES)} rules, nothing found", err=True)


if __name__ == "__main__":
    main()
