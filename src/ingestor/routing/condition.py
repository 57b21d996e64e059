"""Which objects a rule is for: by bucket and key, and by how old the object is."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestor.model.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class ObjectCondition:
    """`buckets` and `keys` are patterns of which one must match; None: any will do.

    `older_than`: a time before which the object was uploaded, or how old it was, at least, when the ledger first knew
    of it. Neither depends on when the object is loaded, so a second try comes to the same rule. Where no upload time is
    known, an object is never too old.
    """

    buckets: tuple[re.Pattern[str], ...] | None = None
    keys: tuple[re.Pattern[str], ...] | None = None
    older_than: datetime | timedelta | None = None

    @property
    def is_always_met(self) -> bool:
        return self.buckets is None and self.keys is None and self.older_than is None

    def is_met_by(self, file: SourceFile) -> bool:
        return _any(self.buckets, file.bucket) and _any(self.keys, file.key) and self._is_old(file)

    def _is_old(self, file: SourceFile) -> bool:
        match self.older_than:
            case None:
                return True
            case datetime():
                return file.uploaded_at is not None and file.uploaded_at < self.older_than
            case timedelta():
                if file.uploaded_at is None or file.known_since is None:
                    return False
                return file.known_since - file.uploaded_at > self.older_than


def _any(patterns: tuple[re.Pattern[str], ...] | None, text: str) -> bool:
    return patterns is None or any(pattern.search(text) for pattern in patterns)
