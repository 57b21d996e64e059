"""One object version's bytes to batches, in the format that its name or its first bytes decide."""

from collections.abc import Iterator

from ingestor.formats import Limits, Position
from ingestor.formats.compression import uncompressed
from ingestor.formats.file_head import FileHead
from ingestor.formats.head import refuse_binary
from ingestor.ingest.pace import Pace
from ingestor.ingest.worker import Worker
from ingestor.ledger import Claim
from ingestor.model.entry import Batch
from ingestor.model.source_file import ByteStream
from ingestor.routing import Pipeline


class Reading:
    """`pipeline` is known, at the latest, when the first batch with entries is given, or the last one."""

    def __init__(self, worker: Worker, claim: Claim, pace: Pace, pipeline: Pipeline | None) -> None:
        self.pipeline = pipeline
        self._worker = worker
        self._claim = claim
        self._pace = pace

    def batches(self, stream: ByteStream) -> Iterator[Batch]:
        """From the checkpoint on; each batch's time begins when it is asked for."""
        head = FileHead(uncompressed(stream))
        for _ in head.read():
            if self._pace.time_is_up():
                yield self._sign_of_life()
                self._pace.reading_begins()
        if self.pipeline is None:
            self.pipeline = self._worker.router.by_head(self._claim.file, head.first_bytes)
        refuse_binary(head.first_bytes)
        start = Position(self._claim.checkpoint, self._claim.checkpoint_offset)
        entry_format = self.pipeline.format
        for batch in entry_format.batches(head.pieces(), self._limits(), start, self._pace.time_is_up):
            yield batch
            self._pace.reading_begins()

    def _limits(self) -> Limits:
        settings = self._worker.settings
        return Limits(
            chunk_rows=settings.chunk_rows,
            chunk_bytes=settings.chunk_bytes,
            max_entry_bytes=settings.max_entry_bytes,
        )

    def _sign_of_life(self) -> Batch:
        claim = self._claim
        return Batch((), claim.checkpoint, claim.checkpoint_offset, is_last=False, offset_of=lambda _: 0)
