"""Finds a resource by what the template calls it: its name, its ARN, its URL, the ARN of its stream."""

from typing import Final

from tocsin.runtime.cloudformation.names import NAME_PROPERTY, arn_of, attribute_of, ref_of
from tocsin.runtime.cloudformation.resolve import Resource, Stack

TABLES: Final = ("AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable")


class Names:
    """The resources of one stack by everything that may stand for them."""

    def __init__(self, stack: Stack) -> None:
        self._place = stack.place
        self._ids: dict[str, str] = {}
        for resource in stack.resources.values():
            for name in (self.name_of(resource), ref_of(resource.kind, self.name_of(resource), stack.place)):
                self._ids.setdefault(name, resource.id)
            self._ids[self.arn_of(resource)] = resource.id
            if resource.kind in TABLES:
                self._ids[self.stream_arn_of(resource)] = resource.id

    def name_of(self, resource: Resource) -> str:
        """Return what the resource is called."""
        named = resource.properties.get(NAME_PROPERTY.get(resource.kind, ""))
        return str(named) if named is not None else f"{self._place.stack}-{resource.id}"

    def arn_of(self, resource: Resource) -> str:
        """Return the ARN of the resource."""
        return arn_of(resource.kind, self.name_of(resource), self._place)

    def stream_arn_of(self, table: Resource) -> str:
        """Return the ARN of the table's stream."""
        return attribute_of("AWS::DynamoDB::Table", self.name_of(table), "StreamArn", self._place)

    def id_of(self, text: str) -> str:
        """Return the logical id of what the text stands for; else the end of the text, for what is elsewhere."""
        if text in self._ids:
            return self._ids[text]
        return text.partition("/stream/")[0].rpartition(":")[2].rpartition("/")[2]
