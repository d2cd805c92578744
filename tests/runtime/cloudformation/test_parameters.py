"""Parameters are held to what the template says of them, before anything is made of it."""

import pytest

from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.parameters import parameter_values

DECLARED = {
    "Shards": {"Type": "Number", "Default": 1, "MinValue": 1, "MaxValue": 64},
    "Writes": {"Type": "Number", "Default": 5, "MinValue": 1},
    "State": {"Type": "String", "Default": "s3", "AllowedValues": ["s3", "dynamodb"]},
    "Days": {"Type": "Number", "Default": 30, "AllowedValues": [1, 30]},
    "Queue": {"Type": "String", "Default": "gateway", "AllowedPattern": "^[a-z]{1,8}$"},
    "Mail": {"Type": "String", "Default": ""},
}


def test_what_is_not_given_is_as_the_template_has_it() -> None:
    values = parameter_values(DECLARED, {"Shards": 2, "Days": "1"})

    assert values == {"Shards": 2, "Writes": 5, "State": "s3", "Days": "1", "Queue": "gateway", "Mail": ""}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Shards": "500"}, "Shards must be at least 1 and at most 64, got 500"),
        ({"Writes": 0}, "Writes must be at least 1, got 0"),
        ({"Shards": "two"}, "Shards must be a number, got 'two'"),
        ({"State": "disk"}, "State must be one of s3, dynamodb, got 'disk'"),
        ({"Days": 2}, "Days must be one of 1, 30, got '2'"),
        ({"Queue": "NO"}, "Queue must match"),
        ({"Colour": "red", "Shards": 0}, "Colour is no parameter of the template; Shards must be"),
    ],
)
def test_value_that_the_template_does_not_allow_is_refused_in_one_line(given: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parameter_values(DECLARED, given)


def test_parameter_without_a_default_must_be_given() -> None:
    with pytest.raises(ConfigError, match="parameter Name has no value"):
        parameter_values({"Name": {"Type": "String"}}, {})
