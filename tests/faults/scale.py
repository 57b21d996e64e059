"""How long, how often and with which seed: FAULT_SECONDS, FAULT_KILLS, FAULT_FILES and FAULT_SEED.

FAULT_SECONDS makes the long suite of `make faults`; without it every test does its small part for `make test`.
"""

import os
import random
from dataclasses import dataclass

import pytest

os.environ.setdefault("FAULT_SEED", str(random.SystemRandom().randrange(1_000_000)))


@dataclass(frozen=True, slots=True)
class Scale:
    """`seconds` and `kills` bound one storm, whichever comes first."""

    is_long: bool
    seconds: float
    kills: int
    files: int
    seed: int
    report: str | None

    def rng(self, purpose: str) -> random.Random:
        """One for each purpose, so that a plan does not depend on which thread draws first."""
        return random.Random(f"{self.seed} {purpose}")  # noqa: S311 - a plan of faults, not a secret


SCALE = Scale(
    is_long="FAULT_SECONDS" in os.environ,
    seconds=float(os.environ.get("FAULT_SECONDS", "4")),
    kills=int(os.environ.get("FAULT_KILLS", "10000" if "FAULT_SECONDS" in os.environ else "40")),
    files=int(os.environ.get("FAULT_FILES", "50000" if "FAULT_SECONDS" in os.environ else "40")),
    seed=int(os.environ["FAULT_SEED"]),
    report=os.environ.get("FAULT_REPORT"),
)

long = pytest.mark.skipif(not SCALE.is_long, reason="of the long suite: `make faults`")
