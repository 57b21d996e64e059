"""What happens to a file next, and what a person has to do about it."""

import shlex

from ingestor.cli.support.surroundings import surroundings
from ingestor.cli.support.terminal import duration, moment, plain_facts
from ingestor.ledger import FileRecord


def what_happens_next(file: FileRecord) -> str:
    """One sentence, whatever the state."""
    match file.status:
        case "COMPLETED" if file.newer_waits:
            return f"a newer version of the object waits: it is looked at {_due(file)}, and its rows replace these"
        case "COMPLETED":
            return "nothing: it is loaded"
        case "FAILED" if file.error_kind == "permanent":
            return _what_ends_a_failure(file)
        case "PROCESSING" if file.is_held:
            return f"a worker loads it; its claim holds {_until(file)} and each chunk renews that"
        case _ if file.is_local:
            return f"nothing by itself: `{load_again(file)}` goes on at entry {file.checkpoint:,}"
        case "PROCESSING":
            return (
                f"its worker died or froze (its claim ended {_since(file)}): the sweeper's next tick, or a delivery of "
                f"its message, has it taken over at entry {file.checkpoint:,}"
            )
        case "FAILED":
            return f"it is tried again by itself at entry {file.checkpoint:,}; it is due {_due(file)}"
        case _:
            return (
                f"its message goes on at entry {file.checkpoint:,}; should that be lost, the sweeper sends it again "
                f"{_due(file)}"
            )


def where_it_is(file: FileRecord) -> str:
    match file.status:
        case "COMPLETED":
            return "in logs"
        case "PROCESSING" if file.is_held:
            return "in a worker's hands"
        case "PROCESSING":
            return "with a worker that doesn't answer"
        case "PENDING" if not file.is_local:
            return "in the queue"
        case "FAILED" if file.error_kind == "permanent" and file.ignored_at is None and not file.is_local:
            return "waiting for a person; its message is in the dead letters, or will be soon"
        case "FAILED" if file.ignored_at is not None:
            return "set aside"
        case _:
            return "in the ledger, to be tried again" if not file.is_local else "on this machine"


def needed_of_person(file: FileRecord) -> str:
    """What to do about a file that waits for somebody."""
    if file.status == "FAILED" and file.error_kind == "permanent":
        return _correct(file)
    return f"run `{load_again(file)}`: it goes on at entry {file.checkpoint:,}"


def load_again(file: FileRecord) -> str:
    if file.s3_key.startswith("stdin:"):
        return "ingestor local -"
    return f"ingestor local {shlex.quote(file.s3_key)}"


def file_facts(file: FileRecord, **more: object) -> dict[str, object]:
    """For programs."""
    said = {"next": what_happens_next(file), "where": where_it_is(file)}
    return {"uri": file.uri, **plain_facts(file, **said), **more}


def _what_ends_a_failure(file: FileRecord) -> str:
    if file.ignored_at is None:
        return f"nothing by itself: {_correct(file)}"
    return f"nothing: ignored since {moment(file.ignored_at)}; `{_command('retry', file)}` takes it up again"


def _correct(file: FileRecord) -> str:
    if file.is_local:
        return f"correct the file, then run `{load_again(file)}`"
    retry = _command("retry", file)
    if "MAX_REJECT_RATIO" in (file.error or ""):
        retry += " --accept-rejects"
    return (
        f"correct the object and upload it again under the same key; or run `{retry}` once the cause is gone; or "
        f"settle it with `{_command('ignore', file)} --reason …`"
    )


def _command(name: str, file: FileRecord) -> str:
    stack = surroundings().stack
    where = f"--stack {shlex.quote(stack)} " if stack else ""
    return f"ingestor {where}{name} {shlex.quote(file.uri)}"


def _until(file: FileRecord) -> str:
    return f"for {duration(file.due_in_seconds)} more, until {moment(file.due_at)},"


def _since(file: FileRecord) -> str:
    return f"{duration(-(file.due_in_seconds or 0))} ago, at {moment(file.due_at)}"


def _due(file: FileRecord) -> str:
    left = file.due_in_seconds or 0
    if left > 0:
        return f"in {duration(left)}, at {moment(file.due_at)}"
    return f"now, since {moment(file.due_at)}"
