"""The pipeline's own template: how its mappings deliver, for the pipeline that runs in one process."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tocsin.core.clock import SECOND_MS
from tocsin.core.errors import ConfigError, TransientError
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import ALERTS, ANOMALY, INGEST, PROCESSORS, PipelineSettings
from tocsin.runtime.sam.model import MappingSpec, SourceKind, Topology
from tocsin.runtime.sam.names import Names

JOINED: Final = "tocsin.runtime.joined.handler"
"""Handler of the log of readings where panes have none: it is the anomaly stage as well."""

STAGES: Final[Mapping[str, str]] = {
    **{f"{name}.handler.handler": name for name in (INGEST, PROCESSORS, ANOMALY, ALERTS)},
    JOINED: PROCESSORS,
}
"""Handler to the stage that it is."""


def is_own(topology: Topology) -> bool:
    """Tell whether the functions are those of this pipeline: all its stages, each by its handler."""
    found = {STAGES[function.handler] for function in topology.functions.values() if function.handler in STAGES}
    return found | ({ANOMALY} if is_joined(topology) else set()) == set(STAGES.values())


def is_joined(topology: Topology) -> bool:
    """Tell whether panes have no log, and the function that folds readings judges them too."""
    return any(function.handler == JOINED for function in topology.functions.values())


def pipeline_settings(stack: Stack, topology: Topology) -> PipelineSettings:
    """Return how each mapping of the pipeline delivers, as the template declares it.

    An error that nobody foresaw stops the pipeline all the same, so that somebody looks at it.

    Raises:
        ConfigError: The log of readings would have several readers a shard, or a queue is hidden too short.
    """
    found: dict[str, MappingSettings] = {}
    for spec in topology.mappings:
        stage = STAGES.get(topology.functions[spec.function].handler)
        if stage and stage not in found:  # of ingest that of the gateways' queue, which the template has first
            found[stage] = _settings(spec, stack)
    for stage, settings in found.items():
        if settings.lanes > 1:
            raise ConfigError(
                f"{stage}: ParallelizationFactor must be 1, got {settings.lanes}: the fence would drop what a slower "
                "lane holds"
            )
    return PipelineSettings(**found, is_joined=is_joined(topology))


def _settings(spec: MappingSpec, stack: Stack) -> MappingSettings:
    settings = replace(spec.settings, survives=TransientError)
    if spec.kind is not SourceKind.SQS:
        return settings
    queue: Mapping[str, Any] = stack.resources[Names(stack).id_of(spec.source)].properties
    return replace(settings, visibility_ms=int(queue.get("VisibilityTimeout", 30)) * SECOND_MS)
