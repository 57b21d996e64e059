"""`sample`: a share of the entries is kept, always the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingestor.model.identity import Identities
from ingestor.model.rows import RowOrigin
from ingestor.processors.mistakes import OptionMistake

SAMPLED_OUT = "sampled out"
"""The reason of the drops."""

# OpenTelemetry's severity numbers, as the column `severity` has them.
_SEVERITIES = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}

_RANDOM_BITS = 62
_LOW_BITS = (1 << _RANDOM_BITS) - 1


@dataclass(frozen=True, slots=True)
class Sample:
    """`share` is above 0 and at most 1; entries from `always_from` on, a severity number, are kept whatever it is."""

    share: float
    always_from: int | None = None

    def of(self, origin: RowOrigin) -> "Sampling":
        return Sampling(self, origin)


class Sampling:
    """Decides by the part of an entry's id that comes from its object version and its position."""

    __slots__ = ("_id_at", "_threshold", "always_from")

    def __init__(self, sample: Sample, origin: RowOrigin) -> None:
        self.always_from = sample.always_from
        self._threshold = int(sample.share * (1 << _RANDOM_BITS))
        self._id_at = Identities(origin.bucket, origin.key, origin.object_version, origin.store).at

    def keeps(self, ordinal: int) -> bool:
        return int.from_bytes(self._id_at(ordinal, 0)[8:]) & _LOW_BITS < self._threshold


def read_sample(given: object) -> Sample | OptionMistake:
    """A share, or `{ keep = 0.1, always = "warn" }`."""
    if not isinstance(given, Mapping):
        given = {"keep": given}
    share, always = given.get("keep"), given.get("always")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        return OptionMistake("sample", "must say which share of the entries is kept, above 0 and at most 1")
    if always is not None and always not in _SEVERITIES:
        return OptionMistake("sample", f"`always` must be one of {', '.join(_SEVERITIES)}")
    if unknown := sorted(set(given) - {"keep", "always"}):
        return OptionMistake("sample", f"knows no `{unknown[0]}`; it has `keep` and `always`")
    return Sample(float(share), None if always is None else _SEVERITIES[always])
