"""What lies inside packed files: decompressed streams, and the members of zip archives. Sizes are bounded.

Belongs here: gz, zst, bz2 and xz, in up to three layers; the directory of a zip archive, and the bytes of its members.
Does not belong here: which names are data files (``files``), and what the bytes say (``unpack``).

Everything streams, and no file is written under a name that an archive gives.
"""

from __future__ import annotations

import bz2
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import zstandard

CHUNK = 1 << 20
"""Bytes that are read from a file at once."""

LAYERS = 3
"""How often a file may be packed: gzip in gzip is two layers."""

LIMIT = 1 << 30
"""Bytes that may come out of any packed file. More may come out only if it is at most ``RATIO`` times what went in."""

RATIO = 200
"""Real exports shrink to a 5th or a 50th of their size, and a bomb to a 1,000th or less."""

_TOO_LARGE = f"it unpacks to more than {LIMIT >> 30} GiB and more than {RATIO} times its own size"
_HEAD = 16
_DRIVE = re.compile(r"[A-Za-z]:")
_OTHER_METHODS = {9: "Deflate64", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


class Corrupt(Exception):
    """The packed data is damaged, or unpacks to too much: nothing that came out of it can be trusted."""


def check_size(packed: int, plain: int) -> None:
    """Raise Corrupt if ``plain`` bytes are too many to come out of ``packed`` bytes."""
    if plain > LIMIT and plain > RATIO * packed:
        raise Corrupt(_TOO_LARGE)


# --- compression -------------------------------------------------------------------------------------------------


def is_packed(head: bytes) -> bool:
    """True if a file that begins with these bytes is compressed."""
    return _codec(head) is not None


def unpacked(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The bytes of a stream of ``size`` bytes, with its layers of compression taken off.

    Raises EOFError when the packed data ends before its end, and Corrupt when it is damaged or unpacks to too much.
    """
    chunks = iter(lambda: stream.read(CHUNK), b"")
    for _ in range(LAYERS):
        head = b""
        try:
            while len(head) < _HEAD and (more := next(chunks, b"")):
                head += more
        except EOFError:
            if _codec(head) is None:
                yield head
            raise
        chunks = chain([head], chunks)
        if (codec := _codec(head)) is None:
            break
        chunks = _bounded(_decompressed(chunks, codec), size)
    yield from chunks


def _bounded(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    out = 0
    for chunk in chunks:
        out += len(chunk)
        check_size(size, out)
        yield chunk


@dataclass(frozen=True, slots=True)
class _Codec:
    """One way of compression.

    ``new`` makes a decompressor for one frame. ``step`` gives it bytes, and returns what came out, the bytes that it
    did not take, and True if more may come out without more bytes. ``piece``: how many bytes a step is given at most.
    """

    new: Callable[[], Any]
    step: Callable[[Any, bytes], tuple[bytes, bytes, bool]]
    piece: int = CHUNK


def _step_zlib(frame: Any, data: bytes) -> tuple[bytes, bytes, bool]:
    out = frame.decompress(data, CHUNK)
    return out, frame.unused_data if frame.eof else frame.unconsumed_tail, len(out) == CHUNK


def _step_zstd(frame: Any, data: bytes) -> tuple[bytes, bytes, bool]:
    return frame.decompress(data), frame.unused_data if frame.eof else b"", False


def _step_needing(frame: Any, data: bytes) -> tuple[bytes, bytes, bool]:
    out = frame.decompress(data, CHUNK)
    return out, frame.unused_data if frame.eof else b"", not frame.eof and not frame.needs_input


_GZ = _Codec(lambda: zlib.decompressobj(31), _step_zlib)
_DEFLATE = _Codec(lambda: zlib.decompressobj(-15), _step_zlib)
_BZ2 = _Codec(bz2.BZ2Decompressor, _step_needing)
_XZ = _Codec(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28), _step_needing)
_ZST = _Codec(
    lambda: zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(), _step_zstd, piece=1 << 10
)
"""zstd takes all that it is given, and one byte may become 32,000: it is given little at once."""


def _codec(head: bytes) -> _Codec | None:
    """The compression of a stream with this beginning; None if it has none."""
    if head.startswith(b"\x1f\x8b"):
        return _GZ
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _ZST
    if head.startswith(b"\xfd7zXZ\0"):
        return _XZ
    return _BZ2 if re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head) else None


def _decompressed(chunks: Iterable[bytes], codec: _Codec, *, only_one: bool = False) -> Iterator[bytes]:
    """The bytes in one layer: of all its frames, one after the other. Zero bytes after a frame are padding.

    ``only_one``: there is one frame, and what follows is a checksum that is left out.
    Raises EOFError when the last frame does not end, and Corrupt when one is damaged.
    """
    frame, begun, padded = codec.new(), False, False
    try:
        for data in (
            chunk[i : i + codec.piece] for chunk in chunks for i in range(0, len(chunk), codec.piece)
        ):
            rest, more = data, False
            while rest or more:
                if padded and not (rest := rest.lstrip(b"\0")):
                    break
                begun, padded = True, False
                out, rest, more = codec.step(frame, rest)
                if out:
                    yield out
                if frame.eof:
                    if only_one:
                        return
                    frame, begun, padded, more = codec.new(), False, True, False
    except (zlib.error, zstandard.ZstdError, lzma.LZMAError, ValueError) as error:
        raise Corrupt(str(error)) from None
    except OSError as error:
        if error.errno is not None:  # the file's fault, not that of its bytes
            raise
        raise Corrupt(str(error)) from None
    if begun:
        raise EOFError


# --- zip archives ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip archive, as the archive's directory describes it. ``refused`` says why it cannot be read."""

    name: str
    """With ``/`` between its parts. It names the member; no file is ever opened or written under it."""
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    archive_size: int
    refused: str | None = None


def members(path: str, archive_size: int) -> list[Member]:
    """The files in an archive, in order; only its directory is read. Raises Corrupt, and OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        struct.error,
        EOFError,
        OverflowError,
    ) as error:
        raise Corrupt(f"a damaged archive: {error}") from None
    check_size(archive_size, sum(info.file_size for info in infos))
    return [_member(info, archive_size) for info in infos if not info.filename.endswith(("/", "\\"))]


def _member(info: zipfile.ZipInfo, archive_size: int) -> Member:
    name = info.filename.replace("\\", "/")
    refused = None
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        refused = "a name in an archive that leads out of the archive"
    elif info.flag_bits & 0x1:
        refused = "an encrypted file in an archive: unpack it, and put the files into the folder"
    elif info.compress_type not in _METHODS:
        what = _OTHER_METHODS.get(info.compress_type, str(info.compress_type))
        refused = f"packed in an archive by a method that is not read ({what}): pack it as .zip with deflate"
    elif stat.S_ISLNK(info.external_attr >> 16):
        refused = "a link in an archive"
    return Member(
        name,
        info.header_offset,
        info.compress_size,
        info.file_size,
        info.CRC,
        info.compress_type,
        archive_size,
        refused,
    )


def read_member(path: str, member: Member) -> Iterator[bytes]:
    """The bytes of a member. Raises Corrupt when they are not those that the archive's directory tells of."""
    out, crc = 0, 0
    with open(path, "rb") as stream:
        stream.seek(max(member.offset, 0))
        header = stream.read(30)
        if member.offset < 0 or len(header) < 30 or not header.startswith(b"PK\x03\x04"):
            raise Corrupt("a damaged archive: no file where its directory says that one is")
        stream.seek(sum(struct.unpack("<HH", header[26:])), 1)
        try:
            for chunk in _member_chunks(stream, member):
                out += len(chunk)
                crc = zlib.crc32(chunk, crc)
                if out > member.size:
                    break
                check_size(member.packed, out)
                yield chunk
        except EOFError:
            pass  # told below: bytes are missing
    if (out, crc) != (member.size, member.crc):
        raise Corrupt("a damaged archive: the file in it is not what its checksum says")


def _member_chunks(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    chunks = _first(stream, member.packed)
    if member.method == zipfile.ZIP_STORED:
        return chunks
    return _decompressed(chunks, _BZ2 if member.method == zipfile.ZIP_BZIP2 else _DEFLATE)


def _first(stream: BinaryIO, count: int) -> Iterator[bytes]:
    """The next ``count`` bytes, in chunks."""
    while count and (chunk := stream.read(min(count, CHUNK))):
        count -= len(chunk)
        yield chunk


# --- blocks ------------------------------------------------------------------------------------------------------


def block(data: bytes, codec: str, limit: int) -> bytes:
    """The bytes of one block of an Avro file, packed by the codec of that name. Raises Corrupt."""
    if codec == "null":
        return data
    if codec == "snappy":
        return _snappy(data, limit)
    chosen = {"deflate": _DEFLATE, "bzip2": _BZ2, "xz": _XZ, "zstandard": _ZST}.get(codec)
    if chosen is None:
        raise Corrupt(
            "it is packed by a codec that is not read; there are null, deflate, snappy, zstandard, bzip2, xz"
        )
    out = bytearray()
    try:
        for chunk in _decompressed([data], chosen, only_one=True):
            out += chunk
            if len(out) > limit:
                raise Corrupt(_TOO_LARGE)
    except EOFError:
        pass  # some writers leave the end of a deflate stream out; the records are counted
    return bytes(out)


def _snappy(data: bytes, limit: int) -> bytes:
    """The block without its checksum, which is behind it."""
    import cramjam

    packed, checksum = data[:-4], data[-4:]
    try:
        if cramjam.snappy.decompress_raw_len(packed) > limit:
            raise Corrupt(_TOO_LARGE)
        plain = bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        raise Corrupt(str(error)) from None
    if zlib.crc32(plain).to_bytes(4, "big") != checksum:
        raise Corrupt("its checksum is another")
    return plain
