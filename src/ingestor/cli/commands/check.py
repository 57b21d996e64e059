"""`ingestor check`: whether everything that loading needs is in place. Nothing is changed."""

from collections.abc import Iterator

import click

from ingestor import bootstrap
from ingestor.cli.support.aws_checks import aws_checks
from ingestor.cli.support.check_result import CheckResult, failed, not_set, passed
from ingestor.cli.support.database_checks import database_checks
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.terminal import counted, json_option, output, print_json, shown
from ingestor.errors import ConfigurationError
from ingestor.routing.configuration import RuleSet
from ingestor.settings import Settings

_NAMED_PLACES = 3
_RECOMMENDED = (
    'redact = ["credentials"] in ingestor.toml keeps authorization and cookie headers out of the database'
)


@click.command()
@json_option
def check(*, as_json: bool) -> None:
    """Check the settings, the database, the buckets and the queues, and say what to mend.

    Each line is "ok", "not set", or the sentence that mends it. Rules: those of ingestor.toml, and whether they
    redact. Database: it answers, TLS, the tables' version, the user's rights; without DB_* variables the embedded one,
    if it is there. AWS: each bucket of BUCKETS, QUEUE_URL, DLQ_URL, and each bucket's notification to the queue.
    Nothing is changed. Exit status 1 if anything needs mending.

    \b
    Examples:
      ingestor check
      ingestor --stack ingestor-prod check
      ingestor check --json | jq '.checks[] | select(.is_ok | not)'
    """
    results = []
    for result in _results():
        results.append(result)
        if not as_json:
            _show(result)
    is_ok = all(each.is_ok for each in results)
    if as_json:
        print_json({"is_ok": is_ok, "checks": results})
    if not is_ok:
        click.get_current_context().exit(FAILED)


def _results() -> Iterator[CheckResult]:
    """The results come one by one, because each may take a while."""
    try:
        settings = environment_settings()
    except ConfigurationError as error:
        yield failed("settings", error)
        return
    yield passed("settings")
    yield from _rules(settings)
    yield from database_checks(settings)
    yield from aws_checks(settings)


def _rules(settings: Settings) -> Iterator[CheckResult]:
    try:
        rules = bootstrap.rule_set(settings)
    except ConfigurationError as error:
        yield failed("rules", error)
        return
    if rules is None:
        yield not_set("rules", "ingestor.toml")
    else:
        yield passed("rules", f"{counted(len(rules.rules), 'rule')} in {rules.path}")
    yield _redaction(rules)


def _redaction(rules: RuleSet | None) -> CheckResult:
    """Off unless it is wanted, and so no failure: `raw_data` is the complete entry."""
    if rules is not None and not rules.unredacted:
        return passed("redaction")
    where = (
        ""
        if rules is None or len(rules.unredacted) > _NAMED_PLACES
        else f" for {', '.join(rules.unredacted)}"
    )
    return CheckResult("redaction", is_ok=True, said=f"not set{where} ({_RECOMMENDED})")


def _show(result: CheckResult) -> None:
    colour = "green" if result.is_ok else "red"
    output().print(f"{shown(result.name)}: [{colour}]{shown(result.said)}[/]", soft_wrap=True)
