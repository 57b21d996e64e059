"""S3's objects: listed, read pinned to one version, and gone on with where a connection broke."""

from ingestor.s3_object.body import S3Body
from ingestor.s3_object.listing import ListedPage, Lister, UnusableObject, pages, pages_since
from ingestor.s3_object.objects import S3Objects

__all__ = ["ListedPage", "Lister", "S3Body", "S3Objects", "UnusableObject", "pages", "pages_since"]
