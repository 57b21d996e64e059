"""What may be done to an entry between its format and its row: changed, dropped, or left as it is.

`Processor` is one such step; `ProcessingOptions` reads those that a rule of `ingestor.toml` names. `ProcessingMapper`
puts them in front of a format's mapper. A format without any has no part of this.

conditions   `drop_when`: health checks and whatever else nobody wants
sampling     `sample`: a share of the entries is kept
changes      `rename` and `set`
python       `processors`: functions of one's own
redaction    `redact`: secrets are replaced
"""

from ingestor.model.rows import Drop
from ingestor.processors.mapper import ProcessingMapper, Steps, processed
from ingestor.processors.processor import EntryContext, FunctionProcessor, Processed, Processor

__all__ = [
    "Drop",
    "EntryContext",
    "FunctionProcessor",
    "Processed",
    "ProcessingMapper",
    "Processor",
    "Steps",
    "processed",
]
