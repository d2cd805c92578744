"""What policies say, by the rules that IAM documents."""

from typing import Any

import pytest

from tocsin.core.errors import ConfigError
from tocsin.runtime.iam.patterns import is_arn_match
from tocsin.runtime.iam.policy import Call, Verdict, statements_of, verdict

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/alerts"
LEADING = "dynamodb:LeadingKeys"


def said(call: Call, *statements: dict[str, Any]) -> Verdict:
    full = [{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": TABLE, **one} for one in statements]
    return verdict(statements_of([{"Statement": full}]), call)


def query(**context: list[str]) -> Call:
    return Call("dynamodb:Query", TABLE, {name.replace("__", ":"): values for name, values in context.items()})


def test_what_nobody_speaks_of_is_not_allowed() -> None:
    assert said(query()) is Verdict.NOT_ALLOWED


def test_explicit_denial_goes_before_every_allowance() -> None:
    assert said(query(), {}, {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}) is Verdict.DENIED


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({}, Verdict.ALLOWED),
        ({"Action": ["dynamodb:query"]}, Verdict.ALLOWED),
        ({"Action": "dynamodb:Q*y"}, Verdict.ALLOWED),
        ({"Action": "dynamodb:Quer?"}, Verdict.ALLOWED),
        ({"Action": "dynamodb:Quer"}, Verdict.NOT_ALLOWED),
        ({"Action": "*"}, Verdict.ALLOWED),
        ({"Resource": "*"}, Verdict.ALLOWED),
        ({"Resource": f"{TABLE}/index/*"}, Verdict.NOT_ALLOWED),
        ({"Resource": "arn:aws:dynamodb:*:*:table/al?rts"}, Verdict.ALLOWED),
        ({"Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/ALERTS"}, Verdict.NOT_ALLOWED),
        ({"Resource": "arn:aws:*:table/alerts"}, Verdict.NOT_ALLOWED),
    ],
)
def test_actions_have_no_case_resources_have_and_wildcards_stay_within_a_part(
    statement: dict[str, Any], expected: Verdict
) -> None:
    assert said(query(), statement) is expected


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [("dynamodb:Query", Verdict.NOT_ALLOWED), ("dynamodb:Scan", Verdict.ALLOWED)],
)
def test_not_action_speaks_of_all_others(left_out: str, expected: Verdict) -> None:
    document = {"Statement": {"Effect": "Allow", "NotAction": left_out, "Resource": TABLE}}

    assert verdict(statements_of([document]), query()) is expected


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [(TABLE, Verdict.NOT_ALLOWED), ("arn:aws:s3:::bucket/*", Verdict.ALLOWED)],
)
def test_not_resource_speaks_of_all_others(left_out: str, expected: Verdict) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "dynamodb:Query", "NotResource": left_out}}

    assert verdict(statements_of([document]), query()) is expected


@pytest.mark.parametrize(
    ("conditions", "context", "expected"),
    [
        ({"StringEquals": {"aws:x": "a"}}, {"aws:x": ["a"]}, True),
        ({"StringEquals": {"AWS:X": ["b", "a"]}}, {"aws:x": ["a"]}, True),
        ({"StringEquals": {"aws:x": "A"}}, {"aws:x": ["a"]}, False),
        ({"StringEquals": {"aws:x": "a*"}}, {"aws:x": ["ab"]}, False),
        ({"StringEquals": {"aws:x": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:x": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:x": "a"}}, {"aws:x": ["b"]}, False),
        ({"StringEqualsIgnoreCase": {"aws:x": "ABC"}}, {"aws:x": ["abc"]}, True),
        ({"StringNotEquals": {"aws:x": "a"}}, {"aws:x": ["b"]}, True),
        ({"StringNotEquals": {"aws:x": ["a", "b"]}}, {"aws:x": ["b"]}, False),
        ({"StringNotEquals": {"aws:x": "a"}}, {}, True),
        ({"StringLike": {"aws:x": "a*d?"}}, {"aws:x": ["abcde"]}, True),
        ({"StringNotLike": {"aws:x": "a*"}}, {"aws:x": ["abc"]}, False),
        ({"StringLike": {"aws:x": "a${*}"}}, {"aws:x": ["ab"]}, False),
        ({"StringLike": {"aws:x": "a${*}"}}, {"aws:x": ["a*"]}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": ["false"]}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": ["true"]}, False),
        ({"Null": {"aws:x": "true"}}, {}, True),
        ({"Null": {"aws:x": "true"}}, {"aws:x": ["a"]}, False),
        ({"Null": {"aws:x": "false"}}, {}, False),
        ({"Null": {"aws:x": "false"}}, {"aws:x": []}, False),
        ({"Null": {"aws:x": False}}, {"aws:x": ["a"]}, True),
        ({"ArnLike": {"aws:x": "arn:aws:s3:::b*"}}, {"aws:x": ["arn:aws:s3:::bucket"]}, True),
        ({"ArnEquals": {"aws:x": "arn:aws:*"}}, {"aws:x": ["arn:aws:s3:::bucket"]}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": ["9"]}, True),
        ({"NumericGreaterThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": ["9"]}, False),
        ({"NumericEquals": {"s3:max-keys": 10}}, {"s3:max-keys": ["many"]}, False),
        ({"ForAllValues:StringEquals": {LEADING: ["a", "b"]}}, {LEADING: ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {LEADING: ["a", "b"]}}, {LEADING: ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {LEADING: ["a"]}}, {LEADING: []}, True),
        ({"ForAllValues:StringEquals": {LEADING: ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {LEADING: ["a"]}}, {LEADING: ["c", "a"]}, True),
        ({"ForAnyValue:StringEquals": {LEADING: ["a"]}}, {LEADING: ["c"]}, False),
        ({"ForAnyValue:StringEquals": {LEADING: ["a"]}}, {}, False),
        ({"ForAllValues:StringNotEquals": {LEADING: ["a"]}}, {LEADING: ["b", "c"]}, True),
        ({"ForAllValues:StringNotEquals": {LEADING: ["a"]}}, {LEADING: ["b", "a"]}, False),
        ({"ForAnyValue:StringNotEquals": {LEADING: ["a"]}}, {LEADING: ["b", "a"]}, True),
        ({"StringEquals": {"aws:x": "a", "aws:y": "b"}}, {"aws:x": ["a"], "aws:y": ["c"]}, False),
        ({"StringEquals": {"aws:x": "a"}, "StringLike": {"aws:y": "b*"}}, {"aws:x": ["a"], "aws:y": ["bc"]}, True),
    ],
)
def test_condition_holds_as_documented(
    conditions: dict[str, Any], context: dict[str, list[str]], expected: bool
) -> None:
    call = Call("dynamodb:Query", TABLE, context)

    assert (said(call, {"Condition": conditions}) is Verdict.ALLOWED) is expected


@pytest.mark.parametrize(
    ("pattern", "tag", "key", "expected"),
    [
        ("T#${aws:PrincipalTag/tenant}#*", ["acme"], "T#acme#D#pump-7", True),
        ("T#${aws:PrincipalTag/tenant}#*", ["acme"], "T#acme2#D#pump-7", False),
        ("T#${aws:PrincipalTag/tenant}#*", ["*"], "T#acme#D#pump-7", False),
        ("T#${aws:PrincipalTag/tenant}#*", ["*"], "T#*#D#pump-7", True),
        ("T#${aws:PrincipalTag/tenant}#*", [], "T##D#pump-7", False),
        ("T#${aws:PrincipalTag/tenant, 'nobody'}", None, "T#nobody", True),
        ("T#${aws:PrincipalTag/tenant}", ["a", "b"], "T#a", False),
        ("T#${AWS:principaltag/TENANT}", ["acme"], "T#acme", True),
        ("T#${$}", None, "T#$", True),
    ],
)
def test_variable_stands_for_the_one_value_of_its_key_taken_literally(
    pattern: str, tag: list[str] | None, key: str, expected: bool
) -> None:
    context = {LEADING: [key]} | ({} if tag is None else {"aws:PrincipalTag/tenant": tag})
    statement = {"Condition": {"ForAllValues:StringLike": {LEADING: [pattern]}}}

    assert (said(Call("dynamodb:Query", TABLE, context), statement) is Verdict.ALLOWED) is expected


def test_variable_in_a_resource_is_filled_in() -> None:
    pattern, arn = "arn:aws:s3:::bucket/${aws:PrincipalTag/tenant}/*", "arn:aws:s3:::bucket/acme/day"

    assert is_arn_match(pattern, arn, {"aws:PrincipalTag/tenant": ["acme"]})
    assert not is_arn_match(pattern, arn, {"aws:PrincipalTag/tenant": ["beta"]})
    assert not is_arn_match(pattern, arn, {})


def test_operator_that_is_not_known_lets_nobody_conclude_anything() -> None:
    with pytest.raises(ConfigError, match="operator DateLessThan of a policy is not known"):
        said(query(), {"Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}})


@pytest.mark.parametrize("broken", [{"Effect": "Maybe"}, {"Action": None}])
def test_statement_that_does_not_say_enough_is_refused(broken: dict[str, Any]) -> None:
    body = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": "Odd"} | broken
    if broken.get("Action", "") is None:
        del body["Action"]

    with pytest.raises(ConfigError, match="statement Odd must have Effect, Action and Resource"):
        statements_of([{"Statement": [body]}])
