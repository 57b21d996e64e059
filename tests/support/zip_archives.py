"""Zip archives as different programs write them."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    data: bytes
    is_deflated: bool = True


def zipped(*members: Member, comment: bytes = b"") -> bytes:
    """By a program that knows each size before it writes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in members:
            method = zipfile.ZIP_DEFLATED if member.is_deflated else zipfile.ZIP_STORED
            archive.writestr(member.name, member.data, method)
        archive.comment = comment
    return out.getvalue()


def zipped_in_a_stream(*members: Member, has_signature: bool = True, is_large: bool = False) -> bytes:
    """By a program that writes as it reads: sizes and checksum come behind the data, in 32 bits or 64."""
    out = directory = b""
    for member in members:
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = deflate.compress(member.data) + deflate.flush() if member.is_deflated else member.data
        name, method, checksum = member.name.encode(), 8 if member.is_deflated else 0, zlib.crc32(member.data)
        at = len(out)
        out += (
            b"PK\3\4" + struct.pack("<HHHHHIIIHH", 45, 8, method, 0, 0, 0, 0, 0, len(name), 0) + name + packed
        )
        form = "<IQQ" if is_large else "<III"
        out += (b"PK\7\x08" if has_signature else b"") + struct.pack(
            form, checksum, len(packed), len(member.data)
        )
        directory += b"PK\1\2" + struct.pack(
            "<HHHHHHIIIHHHHHII", 45, 45, 8, method, 0, 0, checksum, len(packed), len(member.data), len(name),
            0, 0, 0, 0, 0, at,
        ) + name  # fmt: skip
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0)
    return out + directory + b"PK\5\6" + end
