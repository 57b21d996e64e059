"""Every format there is, in the order in which each is asked whether it recognises a file."""

from ingestor.formats.known import KnownFormat

KNOWN_FORMATS: tuple[KnownFormat, ...] = ()
