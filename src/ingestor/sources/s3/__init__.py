"""S3's objects are listed, and read at one object version; a read goes on after a broken connection."""

from ingestor.sources.s3.body import S3Body
from ingestor.sources.s3.objects import S3Objects

__all__ = ["S3Body", "S3Objects"]
