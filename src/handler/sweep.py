"""The Lambda function behind the schedule: one tick of the sweeper, in the time that there is."""

import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit

from handler.failures import with_harmless_failures
from handler.invocation import invocation_deadline
from handler.runtime import secret_reader
from handler.telemetry import Telemetry, make_telemetry
from ingestor.bootstrap import operating
from ingestor.errors import IngestorError
from ingestor.settings import Settings
from ingestor.sweep import SweepContext, SweepReport, sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


_COUNTED = {"due": ("sent", "worn_out"), "discovery": ("registered",), "dead_letters": ("settled",)}
"""The counts of each step that become metrics. CloudWatch charges for each metric; the log has all counts."""


@dataclass(frozen=True, slots=True)
class SweepRuntime:
    """What the function behind the schedule keeps."""

    telemetry: Telemetry
    context: SweepContext


@cache
def sweep_runtime() -> SweepRuntime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    settings.require("queue_url", "buckets")
    return SweepRuntime(make_telemetry(), operating.sweep_context(settings, secret_reader(settings)))


class IncompleteSweepError(IngestorError):
    """Some steps failed and the others were done. The alarm counts this tick, and the next one tries again."""


@with_harmless_failures
def lambda_handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Returns what each step did.

    Raises ConfigurationError, DatabaseUnavailableError and SchemaError when no step can be done, IncompleteSweepError
    when some were not.
    """
    deadline = invocation_deadline(context)
    service = sweep_runtime()
    telemetry = service.telemetry
    telemetry.logger.append_keys(request_id=context.aws_request_id)
    service.context.end_with(deadline)
    try:
        with telemetry.segment("sweep"):
            report = sweep(service.context, deadline)
        _report(telemetry, report)
    finally:
        telemetry.flush_metrics()
    if report.failures:
        raise IncompleteSweepError("; ".join(f"{step}: {why}" for step, why in report.failures.items()))
    # Lambda's own encoder knows no datetime, and would fail a tick that is done.
    answer: dict[str, Any] = msgspec.to_builtins(report)
    return answer


def _report(telemetry: Telemetry, report: SweepReport) -> None:
    facts = asdict(report)
    if report.failures:
        telemetry.logger.error("swept in part", **facts)
    else:
        telemetry.logger.info("swept", **facts)
    if report.discovery is not None and report.discovery.unusable:
        telemetry.logger.error(
            "objects that can't be loaded",
            count=report.discovery.unusable,
            objects=[str(each) for each in report.discovery.unusable_objects],
        )
    for name, value in _gauges(facts).items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        telemetry.count(name, value, unit)


def _gauges(facts: dict[str, Any]) -> dict[str, float]:
    """Metrics by their names: `due.worn_out` is DueWornOut, a gauge keeps its own name. A step that failed has none."""
    steps = {step: facts[step] or {} for step in (*_COUNTED, "gauges")}
    counted = {
        _camel_case(f"{step}_{name}"): steps[step][name]
        for step, names in _COUNTED.items()
        for name in names
        if name in steps[step]
    }
    gauges = {_camel_case(name): value for name, value in steps["gauges"].items()}
    return {name: value for name, value in (counted | gauges).items() if isinstance(value, int | float)}


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
