"""What a function reports: its log, its metrics, its traces."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from handler.tracing import tracer
from ingestor.visible_text import without_secrets

_EXACT = frozenset({"bucket", "key"})
"""These fields name the file exactly, even where its name looks like a secret."""

SERVICE = "ingestor"
"""Where POWERTOOLS_SERVICE_NAME, in the template the stack's name, says nothing: two stacks must not share metrics."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The log, metrics and traces of one execution environment."""

    logger: Logger
    metrics: Metrics
    tracer: Tracer

    def count(self, name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
        self.metrics.add_metric(name=name, unit=unit, value=value)

    def flush_metrics(self) -> None:
        if self.metrics.metric_set:
            self.metrics.flush_metrics()

    @contextmanager
    def segment(self, name: str, **annotations: str) -> Iterator[None]:
        """An X-Ray subsegment, where there is an X-Ray; traces can be searched for its annotations."""
        with self.tracer.provider.in_subsegment(name=f"## {name}") as subsegment:
            for key, value in annotations.items():
                subsegment.put_annotation(key=key, value=value)
            yield


def make_telemetry() -> Telemetry:
    """It reads environment variables, so it is called in an invocation, not at import."""
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE)
    metrics = Metrics(namespace="Ingestor", service=service)
    return Telemetry(
        Logger(service=service, json_serializer=_json_line), metrics, tracer(service, os.environ)
    )


def _json_line(record: dict[str, Any]) -> str:
    """ASCII alone: keys, messages and errors of others do nothing to whoever reads the log, with whatever.

    What nobody expected is logged with its trace, in which a library's error may hold a secret.
    """
    harmless = {name: value if name in _EXACT else _without_secrets(value) for name, value in record.items()}
    return json.dumps(harmless, separators=(",", ":"))


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {without_secrets(str(name)): _without_secrets(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_without_secrets(each) for each in value]
        case _:
            return without_secrets(str(value))
