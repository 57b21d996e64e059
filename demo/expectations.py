"""Whether all is as it must be; each sentence that comes back names something that is not."""

from collections.abc import Iterator, Mapping, Sequence

from demo.observe import DeadLetter, FileState, Stored
from demo.uploads import Upload


def shortcomings(
    uploads: Sequence[Upload],
    files: Mapping[str, FileState],
    stored: Mapping[str, Stored],
    dead_letters: Sequence[DeadLetter],
    waiting_messages: int,
) -> list[str]:
    """Empty: every entry is there exactly once, and only what is broken is among the dead letters."""
    found = [said for upload in uploads for said in _of_file(upload, files.get(upload.key), stored)]
    uploaded = {upload.key for upload in uploads}
    found += [f"{key}: in the ledger, but never uploaded" for key in sorted(files.keys() - uploaded)]
    if waiting_messages:
        found.append(f"{waiting_messages} messages still wait in the queue")
    expected = sorted(upload.key for upload in uploads if upload.is_broken)
    dead = sorted(", ".join(letter.keys) or "a message nobody understands" for letter in dead_letters)
    if dead != expected:
        found.append(f"the dead letters are {dead}, expected {expected}")
    return found


def _of_file(upload: Upload, file: FileState | None, stored: Mapping[str, Stored]) -> Iterator[str]:
    if file is None:
        yield f"{upload.key}: not in the ledger"
        return
    expected = "FAILED" if upload.is_broken else "COMPLETED"
    if file.status != expected:
        yield f"{upload.key}: {file.status}, expected {expected}" + (f" ({file.error})" if file.error else "")
    if file.rows not in upload.rows:
        yield f"{upload.key}: {file.rows} rows, expected {_shown(upload.rows)}"
    if file.rejected != upload.rejected:
        yield f"{upload.key}: {file.rejected} entries rejected, expected {upload.rejected}"
    yield from _of_tables(file, stored[upload.key])


def _of_tables(file: FileState, stored: Stored) -> Iterator[str]:
    if not stored.rows == stored.distinct_ids == stored.distinct_ordinals == file.rows:
        yield (
            f"{file.key}: logs holds {stored.rows} rows with {stored.distinct_ids} ids at {stored.distinct_ordinals} "
            f"positions, the ledger says {file.rows}"
        )
    if stored.rejected != file.rejected:
        yield f"{file.key}: rejected_entries holds {stored.rejected}, the ledger says {file.rejected}"


def _shown(rows: range) -> str:
    return str(rows.start) if len(rows) == 1 else f"{rows.start} to {rows.stop - 1}"
