"""`ingestor try`: what a file would become, without a database."""

import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from ingestor import bootstrap
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.terminal import json_option, messages, print_json
from ingestor.cli.views.golden_view import show_golden, show_golden_sum
from ingestor.cli.views.try_facts import TriedFile, tried_facts
from ingestor.cli.views.try_view import show_tried
from ingestor.errors import ConfigurationError, IngestorError
from ingestor.formats import Limits
from ingestor.formats.known import FormatOptions
from ingestor.model.source_file import LOCAL_BUCKET, ByteStream, SourceFile, Store
from ingestor.routing import Router, always
from ingestor.routing.rules import by_format_name
from ingestor.settings import Settings
from ingestor.sources.local import LocalFiles, local_source_file
from ingestor.tryout import try_out
from ingestor.tryout.golden import differences

STANDARD_INPUT = "-"


@click.command("try")
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option(
    "--format", "format_name", metavar="NAME", help="Read the files in this format, whatever the rules say."
)
@click.option(
    "--rules",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="The ingestor.toml to go by. Without it: the one that loading goes by.",
)
@click.option("--key", metavar="KEY", help="Choose the rule as if the file were the object of this key.")
@click.option(
    "--bucket", metavar="BUCKET", help="Choose the rule as if the object were in this bucket. Needs --key."
)
@click.option(
    "--test", "tests", is_flag=True, help="Run the [[test]] tables of ingestor.toml. Takes no files."
)
@json_option
def try_file(
    *,
    files: tuple[str, ...],
    format_name: str | None,
    rules: str | None,
    key: str | None,
    bucket: str | None,
    tests: bool,
    as_json: bool,
) -> None:
    """Show what files would become, without a database; "-" is standard input.

    Says which format each file has and why, how many entries would be loaded, rejected and dropped, with the first of
    each and the reasons; the first rows; and the fields that fill no column, with the line of ingestor.toml that would
    give them one. Nothing is written anywhere. What PostgreSQL alone would refuse isn't known here.

    Exit status 1 if an entry would be rejected, or if a file can't be read to its end.

    \b
    Examples:
      ingestor try my.json.gz
      kubectl logs my-pod | ingestor try -
      ingestor try access.log --format combined
      ingestor try a.log --rules ingestor.toml --bucket my-logs --key edge/2026/a.log
      ingestor try --test
      ingestor try *.gz --json | jq '{file, format, rejected}'
    """
    settings = environment_settings()
    if rules is not None:
        settings = settings.model_copy(update={"ingestor_config": rules})
    if tests:
        if files or format_name or key:
            raise click.UsageError("--test takes its input from ingestor.toml: no file, --format or --key")
        _run_tests(settings, as_json=as_json)
        return
    if not files:
        raise click.UsageError("name a file, or '-' for standard input")
    if bucket is not None and key is None:
        raise click.UsageError("--bucket needs --key: the key within the bucket")
    router = bootstrap.router(settings) if format_name is None else _in_format(format_name)
    trying = _Trying(settings, router, key, bucket or "")
    is_good = True
    for tried in trying.all(files):
        is_good &= tried.is_good
        if as_json:
            print_json(tried_facts(tried))
        else:
            show_tried(tried)
    if not is_good:
        click.get_current_context().exit(FAILED)


def _run_tests(settings: Settings, *, as_json: bool) -> None:
    rules = bootstrap.rule_set(settings)
    if rules is None or not rules.tests:
        raise ConfigurationError(
            f"there is no [[test]] in {rules.path if rules else 'any ingestor.toml here'}"
        )
    router, failed = rules.router(bootstrap.DETECTION), 0
    for test in rules.tests:
        found = differences(test, router, _limits(settings))
        failed += bool(found)
        if as_json:
            print_json({"test": test.name, "line": test.line, "is_ok": not found, "differences": found})
        else:
            show_golden(test, found)
    if not as_json:
        show_golden_sum(len(rules.tests) - failed, failed)
    if failed:
        click.get_current_context().exit(FAILED)


def _limits(settings: Settings) -> Limits:
    return Limits(
        chunk_rows=settings.chunk_rows,
        chunk_bytes=settings.chunk_bytes,
        max_entry_bytes=settings.max_entry_bytes,
    )


def _in_format(name: str) -> Router:
    known = by_format_name(bootstrap.DETECTION)
    if name not in known:
        raise click.UsageError(f"there is no format {name!r}; there are {', '.join(sorted(known))}")
    try:
        made = known[name].make(FormatOptions())
    except ConfigurationError as error:
        raise ConfigurationError(f"{name} needs options, which --rules can give: {error}") from error
    return always(made, "--format")


@dataclass(frozen=True, slots=True)
class _Opened:
    file: SourceFile
    stream: ByteStream


@dataclass(frozen=True, slots=True)
class _Trying:
    settings: Settings
    router: Router
    key: str | None
    bucket: str

    def all(self, files: tuple[str, ...]) -> Iterator[TriedFile]:
        console = messages()
        for name in files:
            waiting = console.status(f"reading {name!r}") if console.is_terminal else nullcontext()
            with waiting:
                tried = self._one(name)
            yield tried

    def _one(self, name: str) -> TriedFile:
        try:
            opened = self._open(name)
        except IngestorError as error:
            return TriedFile(name, None, str(error), self.settings.max_reject_ratio)
        with closing(opened.stream):
            tryout = try_out(
                opened.file, opened.stream, self.router, _limits(self.settings), bootstrap.DETECTION
            )
        return TriedFile(name, tryout, tryout.error, self.settings.max_reject_ratio)

    def _open(self, name: str) -> _Opened:
        now = datetime.now(UTC)
        if name == STANDARD_INPUT:
            file = SourceFile(LOCAL_BUCKET, "stdin", uploaded_at=now, store=Store.FILE)
            stream: ByteStream = _StandardInput(sys.stdin.buffer)
        else:
            file = local_source_file(Path(name))
            stream = LocalFiles().open(file)
        if self.key is not None:
            file = replace(file, bucket=self.bucket, key=self.key, store=Store.S3)
        return _Opened(replace(file, known_since=now), stream)


class _StandardInput:
    """A `ByteStream`; the terminal's stays open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        pass
