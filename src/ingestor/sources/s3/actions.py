"""What may be done to a loaded object in S3: tied to its version id, or to its ETag.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ingestor.aws.timely import TimelyClient
from ingestor.errors import ObjectSupersededError
from ingestor.model.source_file import SourceFile
from ingestor.sources.s3.failures import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TAG_KEY, TAG_VALUE = "ingestor", "loaded"


class S3Actions:
    """An `ObjectActions`."""

    def __init__(self, client: "TimelyClient[S3Client]") -> None:
        self._client = client

    def tag(self, file: SourceFile, /) -> None:
        """S3 knows no conditional tagging: only an object with a version id can be tagged."""
        if file.version_id is None:
            raise ObjectSupersededError(f"{file.uri}: without a version id a tag may meet other bytes")
        client = self._client.now()
        try:
            tags = client.get_object_tagging(Bucket=file.bucket, Key=file.key, VersionId=file.version_id)
            others = [each for each in tags["TagSet"] if each["Key"] != TAG_KEY]
            client.put_object_tagging(
                Bucket=file.bucket,
                Key=file.key,
                VersionId=file.version_id,
                Tagging={"TagSet": [*others, {"Key": TAG_KEY, "Value": TAG_VALUE}]},
            )
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise translated(file, error) from error

    def delete(self, file: SourceFile, /) -> None:
        """With versions, the version that was loaded is deleted for good; without, the object if it is still that."""
        client = self._client.now()
        try:
            if file.version_id is not None:
                client.delete_object(Bucket=file.bucket, Key=file.key, VersionId=file.version_id)
            elif file.etag is not None:
                client.delete_object(Bucket=file.bucket, Key=file.key, IfMatch=file.etag)
            else:
                raise ObjectSupersededError(f"{file.uri}: nothing says which bytes were loaded")
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise translated(file, error) from error
