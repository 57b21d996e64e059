"""What S3's answers mean for an object; what they mean for every service is in `aws.errors`.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from ingestor.aws.errors import error_code, service_error
from ingestor.errors import (
    IngestorError,
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.model.source_file import SourceFile


def translated(file: SourceFile, error: ClientError | BotoCoreError | ResponseParserError) -> IngestorError:
    """What the answer to a request for `file`, or for the objects below it, means."""
    if isinstance(error, ClientError):
        return _answered(file, error)
    if isinstance(error, ParamValidationError):
        return SourceMissingError(f"{file.uri}: not a name that S3 could know: {error}")
    return service_error(file.uri, error, kind=SourceUnavailableError)


def _answered(file: SourceFile, error: ClientError) -> IngestorError:
    match error_code(error):
        case "PreconditionFailed" | "412" | "NoSuchVersion" | "MethodNotAllowed" | "405":
            return _superseded(file)  # 405: the version is a delete marker
        case "NoSuchKey" | "404" if file.version_id:
            return _superseded(file)
        case "NoSuchKey" | "404":
            return SourceMissingError(
                f"{file.uri}: no such key; was it deleted or renamed before it was loaded?"
            )
        case "NoSuchBucket":
            return SourceMissingError(f"{file.uri}: no such bucket; is it in another account or endpoint?")
        case "InvalidObjectState":
            return _archived(file, error)
        case _:
            return service_error(
                file.uri, error, kind=SourceUnavailableError, needs=_needed(error.operation_name)
            )


def _superseded(file: SourceFile) -> IngestorError:
    pinned = file.version_id or file.etag or "that was being read"
    return ObjectSupersededError(f"{file.uri}: the version {pinned} was overwritten or deleted")


def _archived(file: SourceFile, error: ClientError) -> IngestorError:
    storage_class = error.response.get("Error", {}).get("StorageClass", "an archive class")
    return UnreadableError(
        f"{file.uri} is stored in {storage_class} and can't be read: restore it with `aws s3api restore-object "
        "--restore-request Days=7`, and when that is done retry the file"
    )


def _needed(operation: str) -> str:
    match operation:
        case "ListObjectsV2":
            return "s3:ListBucket"
        case "DeleteObject":
            return "s3:DeleteObject, with versions s3:DeleteObjectVersion: the template's parameter AfterLoad"
        case "GetObjectTagging" | "PutObjectTagging":
            return "s3:GetObjectVersionTagging and s3:PutObjectVersionTagging: the template's parameter AfterLoad"
        case _:
            pass
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: Permissions
    return (
        "s3:GetObject, with versions s3:GetObjectVersion, with SSE-KMS kms:Decrypt, and s3:ListBucket, "
        "without which S3 denies access to missing keys too"
    )
