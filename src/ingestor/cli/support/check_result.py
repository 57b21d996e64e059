"""One line of `ingestor check`."""

from dataclasses import dataclass

from ingestor.errors import IngestorError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`said`: "ok" and what was found, "not set", or the sentence that mends it. What isn't set is no failure."""

    name: str
    is_ok: bool
    said: str


def passed(name: str, found: str = "") -> CheckResult:
    return CheckResult(name, is_ok=True, said=f"ok: {found}" if found else "ok")


def not_set(name: str, *variables: str) -> CheckResult:
    return CheckResult(name, is_ok=True, said=f"not set ({', '.join(variables)})")


def failed(name: str, why: IngestorError | str) -> CheckResult:
    """A failed line, with the error's text in one line."""
    lines = [line.strip() for line in str(why).split("\n")]
    return CheckResult(name, is_ok=False, said="; ".join(lines).replace(":; ", ": "))
