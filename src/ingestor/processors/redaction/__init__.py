"""Redaction: what nobody may read is replaced before an entry is a row, a rejected entry or an error's text.

    names       which fields are meant, and how their names are found in text
    scan        how they are found in the bytes of many entries at once
    values      what is replaced in an entry's fields, and in text
    json_entry  one JSON entry: in its bytes where that is sure, else by its fields
    options     `redact` of a rule
    mapper      a mapper that redacts each entry before it maps it

Where nobody can tell what belongs to a secret, as in an entry that can't be read, more is replaced than need be.
"""

from ingestor.processors.redaction.mapper import redacting
from ingestor.processors.redaction.options import Redaction, read_redact

__all__ = ["Redaction", "read_redact", "redacting"]
