"""S3's objects: read pinned to one version, and gone on with where a connection broke."""

from ingestor.s3_object.body import S3Body
from ingestor.s3_object.objects import S3Objects

__all__ = ["S3Body", "S3Objects"]
