"""A file's next step, and what to do about a file that needs attention."""

import shlex
from collections.abc import Iterable, Iterator

from ingestor.cli.support.context import command_context
from ingestor.cli.support.terminal import duration, moment, plain_facts
from ingestor.ledger import FileRecord
from ingestor.model.source_file import STANDARD_INPUT_KEY
from ingestor.routing import SKIPPED
from ingestor.settings import Settings


def first_command(settings: Settings) -> str:
    """What loads the first file: where a queue is, the functions do; else this machine does."""
    stack = command_context().stack
    bucket = shlex.quote(next(iter(sorted(settings.watched_buckets)), "BUCKET"))
    if stack is not None:
        return f"ingestor --stack {shlex.quote(stack)} backfill --bucket {bucket}"
    if settings.queue_url is not None:
        return f"ingestor backfill --bucket {bucket}"
    if settings.watched_buckets:
        return f"ingestor run --bucket {bucket}"
    return "ingestor local FILE"


def what_happens_next(file: FileRecord) -> str:
    """What happens to the file next, in one sentence."""
    match file.status:
        case "COMPLETED" if file.newer_waits:
            return f"a newer version of the object waits, and its rows replace these; {_continues(file)}"
        case "COMPLETED" if file.format == SKIPPED:
            return "nothing: a rule skips it; after another rule, `ingestor reload` loads it"
        case "COMPLETED":
            return "nothing: it is loaded"
        case "FAILED" if file.error_kind == "permanent":
            return _what_ends_a_failure(file)
        case "PROCESSING" if file.is_held:
            return f"a worker is loading it; its claim expires {_due(file)}, unless a chunk renews it"
        case "PROCESSING" if not file.is_local:
            return f"its worker died or froze (its claim ended {_since(file)}); {_continues(file)}"
        case _:
            return _unfinished(file)


def _unfinished(file: FileRecord) -> str:
    match file.status:
        case _ if file.is_local:
            return f"needs attention: {_continues(file)}"
        case _ if not _is_swept(file):
            return _continues(file)
        case "FAILED":
            return f"retried automatically from entry {file.checkpoint:,}; due {_due(file)}"
        case _:
            return f"waits for a worker, to continue at entry {file.checkpoint:,}; sent again {_due(file)}"


def where_it_is(file: FileRecord) -> str:
    match file.status:
        case "COMPLETED" if file.format == SKIPPED:
            return "not read"
        case "COMPLETED":
            return "in logs"
        case "PROCESSING" if file.is_held:
            return "with a worker"
        case "PROCESSING":
            return "with a worker that stopped responding"
        case "PENDING" if not file.is_local:
            return "in the queue" if command_context().stack else "waiting in the queue or in the ledger"
        case "FAILED" if file.error_kind == "permanent" and file.ignored_at is None and not file.is_local:
            return "needs attention; its message, if it had one, becomes a dead letter"
        case "FAILED" if file.ignored_at is not None:
            return "ignored"
        case _:
            return "in the ledger, waiting to be retried" if not file.is_local else "on this machine"


def what_to_do(file: FileRecord) -> str:
    """What to do about a file that needs attention."""
    if file.status == "FAILED" and file.error_kind == "permanent":
        return _correct(file)
    return _continues(file)


def load_again(file: FileRecord) -> str:
    if _is_standard_input(file):
        return "ingestor local -"
    return f"ingestor local {shlex.quote(file.s3_key)}"


def commands_to_load_again(files: Iterable[FileRecord]) -> Iterator[str]:
    """One command for all files, and one for standard input, which has to be given again."""
    paths: list[str] = []
    inputs = 0
    for file in files:
        if _is_standard_input(file):
            inputs += 1
        else:
            paths.append(file.s3_key)
    if paths:
        yield f"ingestor local {shlex.join(paths)}"
    if inputs:
        times = "" if inputs == 1 else f", once for each of {inputs:,} inputs"
        yield f"ingestor local -{times}"


def _is_standard_input(file: FileRecord) -> bool:
    return file.s3_key.startswith(STANDARD_INPUT_KEY)


def file_facts(file: FileRecord, **more: object) -> dict[str, object]:
    """The file as `--json` prints it."""
    advice = {"next": what_happens_next(file), "where": where_it_is(file)}
    return {"uri": file.uri, **plain_facts(file, **advice), **more}


def _is_swept(file: FileRecord) -> bool:
    """A stack has a sweeper. Elsewhere a sweep or a run has listed the bucket lately."""
    return command_context().stack is not None or file.is_watched


def _continues(file: FileRecord) -> str:
    """What continues the file here; it promises nothing that doesn't run."""
    if file.is_local:
        return f"run `{load_again(file)}` to continue at entry {file.checkpoint:,}"
    if _is_swept(file):
        return f"the sweeper's next tick continues it at entry {file.checkpoint:,}"
    return (
        f"no sweep and no run looked at its bucket in the last 2 h: run `ingestor run --bucket "
        f"{shlex.quote(file.bucket)}` to continue at entry {file.checkpoint:,}"
    )


def _what_ends_a_failure(file: FileRecord) -> str:
    if file.ignored_at is None:
        return f"needs attention: {_correct(file)}"
    return f"nothing: ignored since {moment(file.ignored_at)}; `{_command('retry', file)}` reopens it"


def _correct(file: FileRecord) -> str:
    if file.is_local:
        return f"fix the file, then run `{load_again(file)}`"
    retry = _command("retry", file)
    if "MAX_REJECT_RATIO" in (file.error or ""):
        retry += " --accept-rejects"
    return (
        f"fix the object and upload it again under the same key; or remove the cause and run `{retry}`; or settle it "
        f"with `{_command('ignore', file)} --reason …`"
    )


def _command(name: str, file: FileRecord) -> str:
    stack = command_context().stack
    where = f"--stack {shlex.quote(stack)} " if stack else ""
    return f"ingestor {where}{name} {shlex.quote(file.uri)}"


def _since(file: FileRecord) -> str:
    return f"{duration(-(file.due_in_seconds or 0))} ago, at {moment(file.due_at)}"


def _due(file: FileRecord) -> str:
    left = file.due_in_seconds or 0
    if left > 0:
        return f"in {duration(left)}, at {moment(file.due_at)}"
    return f"now, since {moment(file.due_at)}"
