"""S3's objects: listed, read pinned to one version, and gone on with where a connection broke."""

from ingestor.sources.s3.body import S3Body
from ingestor.sources.s3.objects import S3Objects

__all__ = ["S3Body", "S3Objects"]
