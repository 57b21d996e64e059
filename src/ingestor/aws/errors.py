"""boto3's exceptions as ours: whose request it was, the setting that is wrong, and the next step.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html
"""

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from ingestor.errors import ConfigurationError, IngestorError, ServiceUnavailableError

type Failure = BotoCoreError | ClientError | ResponseParserError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403"})

_REFUSED_CREDENTIALS = frozenset(
    {
        "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
        "AuthFailure", "InvalidToken",
    }
)  # fmt: skip
_EXPIRED_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})

_LOG_IN = "run `aws sso login`, set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def service_error(
    what: str,
    error: Failure,
    *,
    kind: type[IngestorError] = ServiceUnavailableError,
    answers: Mapping[str, IngestorError] | None = None,
    needs: str = "",
) -> IngestorError:
    """`what` was asked for. `answers`: what a code means there; `needs`: the permission, where access is denied."""
    if not isinstance(error, ClientError):
        return kind(f"{what}: {unanswered(error)}")
    code = error_code(error)
    if answers and code in answers:
        return answers[code]
    said = error_message(error)
    if code in DENIED:
        return kind(f"{what}: access denied: {said}" + (f"; the role needs {needs}" if needs else ""))
    said = f"{what}: {error.operation_name}: {code}: {said}"
    if code in _REFUSED_CREDENTIALS:
        return kind(f"{said}; the AWS credentials are refused: {_LOG_IN}")
    if code in _EXPIRED_CREDENTIALS:
        return kind(f"{said}; the AWS credentials have expired: {_LOG_IN}")
    return kind(said)


def configuration_error(error: BotoCoreError | ValueError) -> ConfigurationError:
    """For a client that can't even be made."""
    if isinstance(error, BotoCoreError):
        return ConfigurationError(unanswered(error))
    # botocore's own check of an endpoint, which may also come from AWS_ENDPOINT_URL_S3 or from a profile.
    return ConfigurationError(f"{error}: an AWS endpoint must be a URL such as http://127.0.0.1:4566")


def error_code(error: ClientError) -> str:
    """An answer to HEAD has no body, so there the code is the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message") or error)


def unanswered(error: BotoCoreError | ResponseParserError) -> str:
    """Why a request got no answer that can be understood, and what to do."""
    details: Mapping[str, object] = getattr(error, "kwargs", {})
    return _not_set_up(error, details) or _not_reached(error, details) or str(error)


def _not_set_up(error: Exception, details: Mapping[str, object]) -> str | None:
    match error:
        case NoRegionError():
            return "no AWS region is known: set AWS_REGION"
        case ProfileNotFound():
            return (
                f"AWS_PROFILE: there is no profile {details.get('profile')} in the AWS configuration; "
                "`aws configure list-profiles` lists those there are"
            )
        case PartialCredentialsError():
            return (
                f"the AWS credentials are incomplete, {str(details.get('cred_var')).upper()} is missing: set both "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither"
            )
        case NoCredentialsError():
            return f"there are no AWS credentials: {_LOG_IN}"
        case SSOError() | TokenRetrievalError():
            return f"the AWS login is over or missing ({error}): run `aws sso login`"
        case _:
            return None


def _not_reached(error: Exception, details: Mapping[str, object]) -> str | None:
    url = details.get("endpoint_url") or "AWS"
    match error:
        case SSLError():
            return f"no trusted TLS connection to {url} ({details.get('error')}): set AWS_CA_BUNDLE"
        case ReadTimeoutError():
            return f"{url} did not answer in time"
        case NotConnectedError():
            return (
                f"no connection to {url}: are AWS_REGION and AWS_ENDPOINT right, and does the network (proxy, VPC "
                "endpoint) lead there?"
            )
        case _:
            return None
