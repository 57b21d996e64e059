"""How a function is seen from outside: its log, its metrics, its traces."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

SERVICE = "ingestor"
"""Where POWERTOOLS_SERVICE_NAME, in the template the stack's name, says nothing: two stacks must not share metrics."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Of one execution environment."""

    logger: Logger
    metrics: Metrics
    tracer: Tracer

    def count(self, name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
        self.metrics.add_metric(name=name, unit=unit, value=value)

    def flush_metrics(self) -> None:
        if self.metrics.metric_set:
            self.metrics.flush_metrics()

    def segment(self, name: str, **annotations: str) -> AbstractContextManager[None]:
        return segment(self.tracer, name, **annotations)


@contextmanager
def segment(traces: Tracer, name: str, **annotations: str) -> Iterator[None]:
    """An X-Ray subsegment, where there is an X-Ray; traces can be searched for its annotations."""
    with traces.provider.in_subsegment(name=f"## {name}") as subsegment:
        for key, value in annotations.items():
            subsegment.put_annotation(key=key, value=value)
        yield


def service_name() -> str:
    return os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE)
