"""Text of others, made harmless for whoever reads it: on a terminal, in a log, in an error.

Keys, messages and what servers answer may hold escape sequences, line ends and bidirectional controls, which forge
what is read; and URLs may hold a password or a signature, which is nobody's to read.
"""

import re

_HIDDEN = "***"
_SECRETS = (
    # https://user:password@host; the last "@" before the path ends it
    re.compile(r"(?P<kept>\w://)[^/\s\"'<>]*(?=@)"),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, and the version before it
    re.compile(
        r"(?P<kept>\b(?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|(?:db_)?password)=)"
        r"[^&\s\"'<>]+",
        re.IGNORECASE,
    ),
    # A refused signature is answered with the request's headers, one a line; Python shows them as a dictionary.
    re.compile(r"(?P<kept>\bx-amz-security-token['\"]?:\s*(?:b?['\"])?)[^\s\"'<>\\]+", re.IGNORECASE),
)


def harmless(text: str) -> str:
    """Both, as errors and logs have it."""
    return visible(without_secrets(text))


def visible(text: str) -> str:
    """One line: every control, line end, bidirectional control, invisible character and lone surrogate is escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def visible_lines(text: str) -> str:
    """The same, but for line feeds, which are then the writer's own."""
    return "\n".join(visible(line) for line in text.split("\n"))


def without_secrets(text: str) -> str:
    """No password and no signature that stands in a URL or in a request's headers."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<kept>{_HIDDEN}", text)
    return text


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
