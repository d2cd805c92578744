"""Roles grant what is called and nothing else; what is not granted does not happen."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from infra.check import TEMPLATE
from simulator.scenario import load_scenario
from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.files import plan_for, scenario_file
from tocsin.core.clock import MINUTE_MS
from tocsin.core.ports import Backend, LogRecord
from tocsin.runtime.cloudformation.resolve import Stack, resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.iam.deployment import names_of, role_arn, roles_of
from tocsin.runtime.iam.exercise import exercise
from tocsin.runtime.iam.guard import AccessDeniedError, Ledger, guarded
from tocsin.runtime.iam.policy import Call, Verdict, verdict
from tocsin.runtime.iam.report import report_of
from tocsin.runtime.iam.settings import SETTINGS

OURS = load_template(TEMPLATE)
HTTP = {"JwtIssuer": "https://issuer.example"}
FILE = scenario_file("small")


def stack_of(change: Callable[[dict[str, Any]], None] = lambda _: None, **parameters: Any) -> Stack:
    template = deepcopy(OURS)
    change(template["Resources"])
    return resolve(template, HTTP | parameters)


def exercised(stack: Stack, *, enforces: bool = False) -> list[Ledger]:
    scenario = load_scenario(FILE)
    short = replace(scenario, end_ms=scenario.start_ms + 16 * MINUTE_MS)
    return exercise(stack, short, plan_for(FILE, None), enforces=enforces)


def statements(resources: dict[str, Any], role: str) -> list[Any]:
    found: list[Any] = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_every_role_grants_what_is_called_and_nothing_else(name: str) -> None:
    report = report_of(exercised(resolve(OURS, SETTINGS[name]), enforces=True))

    assert (report.unused, report.refused) == ((), ())
    assert report.calls >= report.grants > 80


def test_grant_that_nothing_uses_and_call_that_nothing_grants_are_both_found() -> None:
    def change(resources: dict[str, Any]) -> None:
        statements(resources, "TickRole").append(
            {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::b/x"}
        )
        own = statements(resources, "AlertsRole")
        own.remove(next(one for one in own if one.get("Action") == ["sns:Publish"]))

    report = report_of(exercised(stack_of(change)))

    assert [str(finding) for finding in report.unused] == ["TickRole: s3:DeleteObject on arn:aws:s3:::b/x"]
    assert [(finding.role, finding.action) for finding in report.refused] == [("AlertsRole", "sns:Publish")]


def guarded_backend(stack: Stack, function: str, backend: Backend, *, enforces: bool = True) -> tuple[Backend, Ledger]:
    resource = stack.resources[function]
    ledger = Ledger(roles_of(stack)[resource.properties["Role"]], enforces)
    return guarded(backend, names_of(stack, resource), ledger), ledger


def test_call_that_is_not_granted_does_not_happen() -> None:
    with open_embedded(None, now_ms=lambda: 0) as embedded:
        ports, _ = guarded_backend(stack_of(), "TickFunction", embedded.backend)

        with pytest.raises(AccessDeniedError, match=r"TickRole: s3:PutObject on .*/blobs/late/x is not allowed"):
            ports.blobs.put("late/x", b"")

        assert embedded.backend.blobs.get("late/x") is None


def test_port_that_a_function_was_not_told_of_is_out_of_its_reach() -> None:
    with open_embedded(None, now_ms=lambda: 0) as embedded:
        ports, _ = guarded_backend(stack_of(), "TickFunction", embedded.backend)

        with pytest.raises(AccessDeniedError, match=r"panes\.put is called, and 'TOCSIN_PANES_STREAM' does not name"):
            ports.panes.put([LogRecord("1.0", b"")])


def test_function_reaches_the_states_of_its_own_stage_only() -> None:
    stack = stack_of()
    roles = {role.id: role for role in roles_of(stack).values()}
    bucket = f"arn:aws:s3:::tocsin-{stack.place.account}-{stack.place.region}"

    for role, stage in (("ProcessorsRole", "processors"), ("AnomalyRole", "anomaly")):
        said = {
            other: verdict(roles[role].statements, Call("s3:PutObject", f"{bucket}/state/1/{other}/00007"))
            for other in ("processors", "anomaly", "alerts")
        }
        assert said == {other: Verdict.ALLOWED if other == stage else Verdict.NOT_ALLOWED for other in said}


def test_in_a_network_lambda_may_join_it_and_the_functions_code_may_not() -> None:
    stack = stack_of(UseVpc="yes")
    role = roles_of(stack)[role_arn(stack, stack.resources["TickRole"])]
    code = {"lambda:SourceFunctionArn": ["arn:aws:lambda:us-east-1:000000000000:function:tocsin-tick"]}

    assert verdict(role.statements, Call("ec2:CreateNetworkInterface", "*")) is Verdict.ALLOWED
    assert verdict(role.statements, Call("ec2:CreateNetworkInterface", "*", code)) is Verdict.DENIED
