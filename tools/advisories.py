"""Known vulnerabilities of what we ship: `python tools/advisories.py REQUIREMENTS…`, by pip-audit, once a day.

Exit status 0: none is known, or nobody could be asked, which is then said. With AUDIT=required, 1 if somebody could
not be asked. A vulnerability that doesn't concern us stands in ACCEPTED, with its reason.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / ".tools/audit/bin/pip-audit"
STAMP = ROOT / ".tools/audit/.audited"
SECONDS = 120

ACCEPTED: dict[str, str] = {}
"""Why, by the advisory's id. None so far."""


@dataclass(frozen=True, slots=True)
class Findings:
    """`vulnerable`: a line for each. `asked`: of how many packages the database told what it knows."""

    vulnerable: tuple[str, ...]
    asked: int
    packages: int

    @property
    def is_complete(self) -> bool:
        return self.asked == self.packages

    @property
    def lines(self) -> tuple[str, ...]:
        if self.is_complete:
            return self.vulnerable
        told = f"{self.asked} of {self.packages}" if self.asked else f"none of {self.packages}"
        return (
            *self.vulnerable,
            f"advisories: {told} packages could be asked about here; nothing is known of the rest",
        )

    def status(self, *, is_required: bool) -> int:
        return int(bool(self.vulnerable) or (is_required and not self.is_complete))


def pip_audit(requirements: Path) -> str:
    """What it prints; empty where it could ask nobody."""
    command = [
        str(PROGRAM), "--format", "json", "--disable-pip", "--require-hashes", "--progress-spinner", "off",
        *(option for advisory in ACCEPTED for option in ("--ignore-vuln", advisory)),
        "--requirement", str(requirements),
    ]  # fmt: skip
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired:
        return ""


def findings(printed: Sequence[str], packages: int) -> Findings:
    """`printed`: pip-audit's JSON, for each file; what is not JSON tells of nothing."""
    told: list[dict[str, Any]] = []
    for text in printed:
        try:
            told += json.loads(text)["dependencies"]
        except (ValueError, KeyError, TypeError):
            continue
    asked = [each for each in told if "skip_reason" not in each]
    vulnerable = tuple(
        f"{each['name']} {each['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'no version'}"
        for each in asked
        for known in each["vulns"]
    )
    return Findings(vulnerable, asked=len(asked), packages=packages)


def package_count(requirements: Path) -> int:
    return sum(
        "==" in line and not line.startswith((" ", "#")) for line in requirements.read_text().splitlines()
    )


def fingerprint(files: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m-%d} {sorted(ACCEPTED)}".encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main(files: Sequence[Path]) -> int:
    is_required = os.environ.get("AUDIT") == "required"
    now = fingerprint(files)
    if not is_required and STAMP.exists() and STAMP.read_text().startswith(now):
        sys.stderr.write(STAMP.read_text().removeprefix(now))
        return 0
    found = findings([pip_audit(each) for each in files], sum(map(package_count, files)))
    said = "".join(f"{line}\n" for line in found.lines)
    sys.stderr.write(said)
    status = found.status(is_required=is_required)
    if status == 0:
        STAMP.write_text(now + said)
    return status


if __name__ == "__main__":
    sys.exit(main([Path(each) for each in sys.argv[1:]]))
