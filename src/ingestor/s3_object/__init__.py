"""S3's objects: listed, read pinned to one version, and gone on with where a connection broke."""

from ingestor.s3_object.body import S3Body
from ingestor.s3_object.listing import ListedPage, pages, pages_since
from ingestor.s3_object.objects import S3Objects

__all__ = ["ListedPage", "S3Body", "S3Objects", "pages", "pages_since"]
