"""What happens to a file next, and what a person has to do about it."""

import shlex

from ingestor.cli.terminal import duration, moment
from ingestor.ledger import FileRecord


def what_happens_next(file: FileRecord) -> str:
    """One sentence, whatever the state."""
    match file.status:
        case "COMPLETED" if file.newer_waits:
            return "a newer version of the object waits: the next worker replaces the rows"
        case "COMPLETED":
            return "nothing: it is loaded"
        case "FAILED" if file.error_kind == "permanent":
            return f"nothing by itself: {_correct(file)}"
        case "PROCESSING" if file.is_held:
            return f"a worker loads it; its claim holds {_until(file)} and each chunk renews that"
        case _ if file.is_local:
            return f"nothing by itself: `{load_again(file)}` goes on at entry {file.checkpoint:,}"
        case "PROCESSING":
            return (
                f"its worker died or froze (its claim ended {_since(file)}): the next delivery of its message takes it "
                f"over at entry {file.checkpoint:,}"
            )
        case "FAILED":
            return f"its message is delivered again by itself; it is due {_due(file)}"
        case _:
            return f"its message goes on at entry {file.checkpoint:,}; it is looked for {_due(file)}"


def needed_of_person(file: FileRecord) -> str:
    """What to do about a file that waits for somebody."""
    if file.status == "FAILED" and file.error_kind == "permanent":
        return _correct(file)
    return f"run `{load_again(file)}`: it goes on at entry {file.checkpoint:,}"


def load_again(file: FileRecord) -> str:
    if file.s3_key.startswith("stdin:"):
        return "ingestor local -"
    return f"ingestor local {shlex.quote(file.s3_key)}"


def _correct(file: FileRecord) -> str:
    if file.is_local:
        return f"correct the file, then run `{load_again(file)}`"
    return "correct the object and upload it again under the same key"


def _until(file: FileRecord) -> str:
    return f"for {duration(file.due_in_seconds)} more, until {moment(file.due_at)},"


def _since(file: FileRecord) -> str:
    return f"{duration(-(file.due_in_seconds or 0))} ago, at {moment(file.due_at)}"


def _due(file: FileRecord) -> str:
    left = file.due_in_seconds or 0
    if left > 0:
        return f"in {duration(left)}, at {moment(file.due_at)}"
    return f"now, since {moment(file.due_at)}"
