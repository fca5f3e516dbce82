"""Images that a kernel sends, checked before a browser decodes them.

The type is read from the bytes, never believed; the pixels are counted from the header, so that a few kilobytes
cannot unfold into gigabytes in the reader's browser.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

BYTES_LIMIT = 6 * 1024 * 1024
PIXELS_LIMIT = 40_000_000
# Start-of-frame markers; C4, C8 and CC between them mean other things.
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_FILL = 0xFF
_SVG = "http://www.w3.org/2000/svg"


class NotAnImage(ValueError):
    """The data cannot be shown as an image; the text says why and reads on after "…is not shown: "."""


@dataclass(frozen=True)
class Image:
    """A checked image: its real mime type, bytes, width and height in pixels."""

    mime: str
    data: bytes
    width: int
    height: int

    @property
    def url(self) -> str:
        """The image as a data URL (RFC 2397)."""
        return _data_url(self.mime, self.data)


def bitmap(encoded: str) -> Image:
    """Decode and check a PNG, JPEG, GIF or WebP image given in base64.

    Raises:
        NotAnImage: not base64, too large, of another type, or its size cannot be read.
    """
    if len(encoded) > BYTES_LIMIT * 3 // 2:
        raise NotAnImage(f"it is larger than {BYTES_LIMIT // 2**20} MB")
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotAnImage("it is not base64") from None
    image = _recognised(data)
    if not 0 < image.width * image.height <= PIXELS_LIMIT:
        raise NotAnImage(f"it claims {image.width} x {image.height} pixels")
    return image


def svg_url(markup: str) -> str:
    """An SVG document as a data URL. Shown by an `img` element it runs no script and loads nothing (SVG 2, 2.2).

    Raises:
        NotAnImage: there is no `svg` element in it, or it is too large.
    """
    if len(markup) > BYTES_LIMIT:
        raise NotAnImage(f"it is larger than {BYTES_LIMIT // 2**20} MB")
    start = markup.find("<svg")
    if start < 0:
        raise NotAnImage("it holds no svg element")
    if "xmlns=" not in markup[start : markup.find(">", start)]:  # needed outside HTML
        markup = f'{markup[:start]}<svg xmlns="{_SVG}"{markup[start + 4 :]}'
    return _data_url("image/svg+xml", markup.encode("utf-8", "replace"))


def _data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def _recognised(data: bytes) -> Image:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return Image("image/png", data, _big(data[16:20]), _big(data[20:24]))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Image("image/gif", data, _little(data[6:8]), _little(data[8:10]))
    if data.startswith(b"\xff\xd8\xff"):
        return Image("image/jpeg", data, *_jpeg_size(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Image("image/webp", data, *_webp_size(data))
    raise NotAnImage("its bytes are no PNG, JPEG, GIF or WebP image")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header, found by walking the segments (ITU T.81, annex B)."""
    for marker, at in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            return _big(data[at + 5 : at + 7]), _big(data[at + 3 : at + 5])
    raise NotAnImage("it has no JPEG frame header")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each segment's marker and where its length stands, up to the compressed data."""
    at = 2
    while at + 4 <= len(data) and data[at] == _JPEG_FILL:
        marker, length = data[at + 1], _big(data[at + 2 : at + 4])
        if marker == _JPEG_FILL:
            at += 1
            continue
        yield marker, at + 2
        at += 2 + max(length, 2)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first chunk (RFC 9649, sections 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return _little(data[24:27]) + 1, _little(data[27:30]) + 1
    if kind == b"VP8L":
        bits = _little(data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and re.match(rb"\x9d\x01\x2a", data[23:26]):
        return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    raise NotAnImage("its WebP header cannot be read")


def _big(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
