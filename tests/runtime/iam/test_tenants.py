"""A tenant's role reaches the tenant's own items and nothing else."""

from random import Random

import pytest

from infra.check import TEMPLATE
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.iam.conditions import holds
from tocsin.runtime.iam.deployment import roles_of
from tocsin.runtime.iam.policy import Verdict, verdict
from tocsin.runtime.iam.tenants import READS, TENANT_ROLE, own_calls, read, tables_of

STACK = resolve(load_template(TEMPLATE))
ROLE = next(role for role in roles_of(STACK).values() if role.id == TENANT_ROLE)
TABLES = tables_of(STACK)
CALLS = 12_000
TENANTS = ("acme", "acme2", "acm", "acme-", "a", "beta", "beta.acme", "ACME", "acme_", "0")
ENDS = ("", "#", "#D#pump-7", "#DEC", "#D#acme", "##", "#D#T#acme")
ODD = ("*", "?", "acme*", "${aws:PrincipalTag/tenant}", "", "acme#D#x", "T#acme", "#", "acme\n", "acme ")
"""Tags that nobody should have, and that must open nothing."""


def keys_of(tenant: str) -> list[str]:
    return [f"T#{tenant}{end}" for end in ENDS]


def is_own(tenant: str, key: str) -> bool:
    return key == f"T#{tenant}" or key.startswith(f"T#{tenant}#")


def test_no_generated_call_across_tenants_is_let_through() -> None:
    random = Random(20261123)  # noqa: S311  no secret
    let_through = []
    tried = 0
    while tried < CALLS:
        tenant = random.choice(TENANTS + ODD)
        other = random.choice([one for one in TENANTS if one != tenant])
        keys = random.sample(keys_of(other), random.randint(1, 3)) + random.sample(
            keys_of(tenant), random.randint(0, 2)
        )
        random.shuffle(keys)
        if all(is_own(tenant, key) for key in keys):
            continue
        tried += 1
        call = read(random.choice(TABLES), random.choice(READS), tenant, keys)
        if verdict(ROLE.statements, call) is Verdict.ALLOWED:
            let_through.append(call)

    assert not let_through


def test_own_items_are_read() -> None:
    calls = [call for _, call in own_calls(STACK)]

    assert len(calls) == len(TABLES) * len(READS) + 1
    assert {verdict(ROLE.statements, call) for call in calls} == {Verdict.ALLOWED}


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("table", TABLES)
def test_index_scan_and_absent_key_are_refused(table: str, tenant: str) -> None:
    own = [f"T#{tenant}"]
    refused = [
        read(f"{table}/index/by_tenant", "dynamodb:Query", tenant, own),
        read(f"{table}/index/by_tenant", "dynamodb:Query", tenant, [tenant]),
        read(table, "dynamodb:Scan", tenant, own),
        read(table, "dynamodb:Scan", tenant, None),
        read(table, "dynamodb:Query", tenant, None),
        read(table, "dynamodb:Query", tenant, []),
        read(table, "dynamodb:Query", None, own),
        read(table, "dynamodb:PutItem", tenant, own),
        read(table, "dynamodb:DeleteItem", tenant, own),
        read(table, "dynamodb:PartiQLSelect", tenant, own),
        read(f"{table}-state", "dynamodb:GetItem", tenant, own),
    ]

    assert {verdict(ROLE.statements, call) for call in refused} == {Verdict.NOT_ALLOWED}


def test_state_of_the_pipeline_is_out_of_reach() -> None:
    state = STACK.place.arn("dynamodb", "table/tocsin-state")

    for tenant in TENANTS:
        assert verdict(ROLE.statements, read(state, "dynamodb:GetItem", tenant, [f"T#{tenant}"])) is Verdict.NOT_ALLOWED


def test_without_its_null_check_the_role_would_let_a_call_without_keys_through() -> None:
    (items, _) = ROLE.statements
    conditions = {name: wanted for name, wanted in items.conditions.items() if name != "Null"}
    loose = type(items)(items.allows, items.actions, items.resources, conditions)

    assert verdict([loose], read(TABLES[0], "dynamodb:Query", "acme", None)) is Verdict.ALLOWED


@pytest.mark.parametrize(("tag", "expected"), [("acme", True), ("", False), ("acme#D#pump-7", False), (None, False)])
def test_session_must_have_a_tenant_and_one_that_ends_before_the_mark(tag: str | None, expected: bool) -> None:
    (trust,) = STACK.resources[TENANT_ROLE].properties["AssumeRolePolicyDocument"]["Statement"]
    context = {"aws:TagKeys": ["tenant"]} | ({} if tag is None else {"aws:RequestTag/tenant": [tag]})

    assert holds(trust["Condition"], context) is expected


def test_session_with_further_tags_is_refused() -> None:
    (trust,) = STACK.resources[TENANT_ROLE].properties["AssumeRolePolicyDocument"]["Statement"]

    assert not holds(trust["Condition"], {"aws:TagKeys": ["tenant", "role"], "aws:RequestTag/tenant": ["acme"]})
