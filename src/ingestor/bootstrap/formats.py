"""Every format there is, in the order in which each is asked whether it recognises a file."""

from ingestor.formats import combined
from ingestor.formats.json import JsonFormat
from ingestor.formats.known import FormatOptions, KnownFormat, never, refuse_useless


def _json(options: FormatOptions) -> JsonFormat:
    refuse_useless("json", options)
    return JsonFormat()


KNOWN_FORMATS: tuple[KnownFormat, ...] = (combined.KNOWN,)

JSON = KnownFormat("json", _json, never)
"""What a file is read as that no other format recognises; it says what it is not."""
