"""The events of `events/`: which function takes each, what lies in the bucket for them, and which messages fail."""

from dataclasses import dataclass
from pathlib import Path

from demo.programs import ROOT

EVENTS = ROOT / "events"
ENVIRONMENT = EVENTS / "env.json"
DATA = ROOT / "tests" / "data"
BUCKET = "ingestor-logs"
OBJECTS = {
    "logs/pino-http-1.json.gz": "pino-http-1.json.gz",
    "logs/pino-http-2.json.gz": "pino-http-2.json.gz",
    "logs/pino-http-3.json.gz": "pino-http-3.json.gz",
    "logs/größe + 100% 日志 🎉.json.gz": "pino-http-3.json.gz",
}
"""Keys of BUCKET that the events name, each with its file of DATA."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`failing`: how many of its messages are to come again."""

    path: Path
    function: str = "HandlerFunction"
    failing: int = 0


_SPECIAL = {
    "sweep_tick": Sample(EVENTS / "sweep_tick.json", "SweepFunction"),
    "operate_status": Sample(EVENTS / "operate_status.json", "OperateFunction"),
    "foreign_bucket": Sample(EVENTS / "foreign_bucket.json", failing=1),
    "not_understood": Sample(EVENTS / "not_understood.json", failing=1),
    "several_messages": Sample(EVENTS / "several_messages.json", failing=1),
}


def samples() -> list[Sample]:
    return [
        _SPECIAL.get(path.stem, Sample(path)) for path in sorted(EVENTS.glob("*.json")) if path != ENVIRONMENT
    ]


def is_as_expected(sample: Sample, answer: object) -> bool:
    """`answer`: what the function returned."""
    if not isinstance(answer, dict) or "errorMessage" in answer:
        return False
    match sample.function:
        case "HandlerFunction":
            return len(answer["batchItemFailures"]) == sample.failing
        case "SweepFunction":
            return not answer["failures"]
        case _:
            return bool(answer["status"] == 0)
