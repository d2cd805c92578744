"""Works out the functions of a template: a stack, as it would stand with these parameters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.names import NAME_PROPERTY, Place, attribute_of, ref_of
from tocsin.runtime.cloudformation.parameters import parameter_values
from tocsin.runtime.cloudformation.source import Template

_PLACEHOLDER: Final = re.compile(r"\$\{([^!}][^}]*)\}")
_ESCAPED: Final = re.compile(r"\$\{!([^}]*)\}")
_NO_VALUE: Final = object()


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack.

    Attributes:
        id: Its logical id.
        kind: Its type, e.g. ``AWS::SQS::Queue``.
        properties: Without functions.
    """

    id: str
    kind: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stack:
    """What a template becomes.

    Attributes:
        place: Where it is.
        parameters: All, with their values.
        resources: Logical id to resource; those whose condition holds.
        outputs: Name to value; those whose condition holds.
    """

    place: Place
    parameters: Mapping[str, Any]
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[Resource]:
        """Return the resources of the types, in the order of the template."""
        return [one for one in self.resources.values() if one.kind in kinds]


def resolve(template: Template, parameters: Mapping[str, Any] | None = None, place: Place | None = None) -> Stack:
    """Return the stack of the template.

    Args:
        template: As ``load_template`` returns it.
        parameters: Values that differ from the defaults.
        place: Where it stands; None for made-up account and region.

    Raises:
        ConfigError: A parameter is unknown, has no value or none that is allowed, or a function fails.
    """
    return _Resolver(template, parameters or {}, place or Place()).stack()


class _Resolver:
    """Works out one template; what it has worked out it remembers."""

    def __init__(self, template: Template, given: Mapping[str, Any], place: Place) -> None:
        self._template = template
        self._place = place
        self._parameters = parameter_values(template.get("Parameters", {}), given)
        self._conditions: dict[str, bool] = {}
        self._names: dict[str, str] = {}
        self._resources: dict[str, dict[str, Any]] = template["Resources"]

    def stack(self) -> Stack:
        resources = {
            name: Resource(name, body["Type"], self._value(_with_globals(self._template, body)))
            for name, body in self._resources.items()
            if self._holds(body)
        }
        outputs = {
            name: self._value(body["Value"])
            for name, body in self._template.get("Outputs", {}).items()
            if self._holds(body)
        }
        return Stack(self._place, self._parameters, resources, outputs)

    def _holds(self, body: Mapping[str, Any]) -> bool:
        return "Condition" not in body or self._condition(body["Condition"])

    def _condition(self, name: str) -> bool:
        if name not in self._conditions:
            try:
                self._conditions[name] = self._truth(self._template["Conditions"][name])
            except KeyError as error:
                raise ConfigError(f"condition {name} is not in the template") from error
        return self._conditions[name]

    def _truth(self, rule: Any) -> bool:  # noqa: ANN401  a template is plain data
        ((function, value),) = rule.items()
        if function == "Condition":
            return self._condition(value)
        if function == "Fn::Equals":
            left, right = map(self._value, value)
            return str(left) == str(right)
        if function == "Fn::Not":
            return not self._truth(value[0])
        if function in {"Fn::And", "Fn::Or"}:
            return (all if function == "Fn::And" else any)([self._truth(each) for each in value])
        raise ConfigError(f"condition must be made of Equals, Not, And, Or, got {function}")

    def _value(self, value: Any) -> Any:  # noqa: ANN401  a template is plain data
        """Return the value without functions; what is ``AWS::NoValue`` is taken out of lists and mappings."""
        if isinstance(value, list):
            return [each for each in map(self._value, value) if each is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, inner)
        worked_out = {name: self._value(inner) for name, inner in value.items()}
        return {name: inner for name, inner in worked_out.items() if inner is not _NO_VALUE}

    def _call(self, function: str, value: Any) -> Any:  # noqa: ANN401  a template is plain data
        work: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::If": lambda parts: self._value(parts[1] if self._condition(parts[0]) else parts[2]),
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": lambda text: self._sub(*(text if isinstance(text, list) else [text, {}])),
            "Fn::Join": lambda parts: str(parts[0]).join(str(each) for each in self._value(parts[1])),
            "Fn::Split": lambda parts: str(self._value(parts[1])).split(parts[0]),
            "Fn::Select": lambda parts: self._value(parts[1])[int(self._value(parts[0]))],
            "Fn::FindInMap": self._mapped,
            "Fn::GetAZs": lambda _: [f"{self._place.region}{letter}" for letter in "abc"],
        }
        if function not in work:
            raise ConfigError(f"function {function} is not known here")
        return work[function](value)

    def _attribute(self, value: str | list[str]) -> str:
        name, attribute = value if isinstance(value, list) else value.rsplit(".", 1)
        return attribute_of(self._kind(name), self._name(name), attribute, self._place)

    def _mapped(self, keys: list[Any]) -> Any:  # noqa: ANN401  a template is plain data
        found: Any = self._template.get("Mappings", {})
        for key in map(self._value, keys):
            if key not in found:
                raise ConfigError(f"{'.'.join(map(str, keys))} is not in the mappings of the template")
            found = found[key]
        return found

    def _ref(self, name: str) -> Any:  # noqa: ANN401  parameters are texts, numbers and lists
        if name == "AWS::NoValue":
            return _NO_VALUE
        pseudo = self._place.pseudo_parameters()
        if name in pseudo:
            return pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        function, made, part = name.partition(".")
        if made and part == "Alias":  # SAM makes one of each function
            return ref_of("AWS::Lambda::Alias", self._name(function), self._place)
        return ref_of(self._kind(name), self._name(name), self._place)

    def _sub(self, text: str, variables: Mapping[str, Any]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return str(self._value(variables[name]))
            if "." in name:
                return str(self._attribute(name))
            return str(self._ref(name))

        return _ESCAPED.sub(r"${\1}", _PLACEHOLDER.sub(one, text))

    def _kind(self, name: str) -> str:
        try:
            return str(self._resources[name]["Type"])
        except KeyError as error:
            # SAM names what it makes of a function "Function.Alias" and the like.
            if "." in name:
                return self._kind(name.partition(".")[0])
            raise ConfigError(f"{name} is neither a parameter nor a resource of the template") from error

    def _name(self, name: str) -> str:
        """Return what the resource is called: as its properties say, else its logical id behind the stack's."""
        if name not in self._names:
            body = self._resources.get(name, {})
            named = body.get("Properties", {}).get(NAME_PROPERTY.get(body.get("Type", ""), ""))
            self._names[name] = str(self._value(named)) if named is not None else f"{self._place.stack}-{name}"
        return self._names[name]


def _with_globals(template: Template, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties, of a SAM function behind those that all functions have."""
    properties: dict[str, Any] = body.get("Properties") or {}
    if body["Type"] != "AWS::Serverless::Function":
        return properties
    shared = (template.get("Globals") or {}).get("Function") or {}
    merged = shared | properties
    variables = [(part.get("Environment") or {}).get("Variables") or {} for part in (shared, properties)]
    if any(variables):
        merged["Environment"] = {"Variables": variables[0] | variables[1]}
    return merged
