"""What may be done to an entry between its format and its row: changed, dropped, or left as it is.

`Processor` is one such step. `ProcessingMapper` puts steps in front of a format's mapper. None is configured today, and
a worker without processors has no part of this.
"""

from ingestor.model.rows import Drop
from ingestor.processors.mapper import ProcessingMapper
from ingestor.processors.processor import EntryContext, FunctionProcessor, Processed, Processor

__all__ = ["Drop", "EntryContext", "FunctionProcessor", "Processed", "ProcessingMapper", "Processor"]
