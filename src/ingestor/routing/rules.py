"""Rules, and the `Router` that goes by them: the first that matches decides, and what it leaves open is detected."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingestor.formats import Format
from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.model.source_file import SourceFile
from ingestor.processors.options import ProcessingOptions
from ingestor.routing import After, Pipeline, Skip
from ingestor.routing.condition import ObjectCondition
from ingestor.routing.detection import Detected, Detection
from ingestor.routing.format_options import ChosenFormat
from ingestor.routing.processed_format import processed_format

_FINGERPRINT_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What is done to a file's entries whatever their format, and to its object afterwards."""

    falls_back_to_upload_time: bool = False
    after: After = After.KEEP
    processing: ProcessingOptions = field(default_factory=ProcessingOptions)

    def facts(self, options: Mapping[str, object]) -> dict[str, object]:
        """What decides rows, where it isn't the default. `after` decides none."""
        facts = {
            "options": options,
            "time_fallback": "object" if self.falls_back_to_upload_time else None,
            "processing": self.processing.fingerprint(),
        }
        return {name: fact for name, fact in facts.items() if fact}

    def pipeline(self, entry_format: Format, options: Mapping[str, object], reason: str) -> Pipeline:
        return Pipeline(
            processed_format(entry_format, self.processing),
            fingerprint(entry_format.name, self.facts(options)),
            reason,
            falls_back_to_upload_time=self.falls_back_to_upload_time,
            after=self.after,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """`place` says where it is written: line 12 of ingestor.toml. Without a format, the format is detected."""

    place: str
    condition: ObjectCondition
    format: ChosenFormat | None
    options: PipelineOptions
    skips: bool = False

    @property
    def reason(self) -> str:
        return f"the rule at {self.place}"


@dataclass(frozen=True)
class RuleRouter:
    """A `Router`. `otherwise` is for files that no rule matches."""

    rules: Sequence[Rule]
    detection: Detection
    otherwise: PipelineOptions = field(default_factory=PipelineOptions)

    def by_name(self, file: SourceFile, /) -> Pipeline | Skip | None:
        rule = self.rule_of(file)
        if rule is not None and rule.skips:
            return Skip(rule.reason)
        if rule is not None and rule.format is not None:
            chosen = rule.format
            return rule.options.pipeline(chosen.format, chosen.options, rule.reason)
        detected = self.detection.by_key(file.key)
        return None if detected is None else _as_detected(detected, self._options(rule))

    def by_head(self, file: SourceFile, head: bytes, /) -> Pipeline:
        return _as_detected(self.detection.by_head(head), self._options(self.rule_of(file)))

    def rule_of(self, file: SourceFile) -> Rule | None:
        return next((rule for rule in self.rules if rule.condition.is_met_by(file)), None)

    def _options(self, rule: Rule | None) -> PipelineOptions:
        return self.otherwise if rule is None else rule.options


def _as_detected(detected: Detected, options: PipelineOptions) -> Pipeline:
    return options.pipeline(detected.known.make(FormatOptions()), {}, detected.reason)


def fingerprint(format_name: str, facts: Mapping[str, object]) -> str:
    """The format's name alone where nothing else is configured, so that a file of rules that says nothing new about
    an object voids nothing."""
    if not facts:
        return format_name
    written = json.dumps(facts, sort_keys=True, default=str)
    return f"{format_name}:{hashlib.sha256(written.encode()).hexdigest()[:_FINGERPRINT_CHARACTERS]}"


def by_format_name(detection: Detection) -> dict[str, KnownFormat]:
    return {known.name: known for known in (*detection.known, detection.otherwise)}
