"""A file's bytes to its format and its uncompressed bytes, as loading comes to them, but without a claim."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.formats.compression import uncompressed
from ingestor.formats.file_head import FileHead
from ingestor.formats.head import refuse_binary
from ingestor.model.rows import RowOrigin
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.routing import Pipeline, Router, Skip


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """`pieces` are the uncompressed bytes from the first on."""

    pipeline: Pipeline
    pieces: Iterator[bytes]
    origin: RowOrigin


def open_file(
    file: SourceFile, stream: ByteStream, router: Router, on_codec: Callable[[str], None]
) -> OpenedFile | Skip:
    """Raises UnreadableError for what is no log, and what `stream.read` raises."""
    route = router.by_name(file)
    if isinstance(route, Skip):
        return route
    head = FileHead(uncompressed(stream, on_codec))
    for _ in head.read():
        pass
    pipeline = router.by_head(file, head.first_bytes) if route is None else route
    refuse_binary(head.first_bytes)
    return OpenedFile(pipeline, head.pieces(), pipeline.row_origin(file, 0))
