"""Pictures from strangers: judged by content, decoded in a child, stored without metadata.

`sanitise(upload)` and `blacken(picture, boxes)` are for views and models. The work is done by
`python -m tickets.images FOLDER`, a child that limits itself before it looks at the first byte; it
imports no Django, and the parent imports no Pillow, so neither pays for the other. A file of boxes
in the folder makes it paint them; what it paints on was stored here and is not judged again.

What comes out: PNG stays PNG and JPEG stays JPEG. WebP becomes JPEG where it was lossy and opaque,
else PNG: encoding WebP costs twenty bytes a pixel, the other two four, and every mail reader and
office program opens them. Sides are upright, colours are sRGB, eight bits a channel, first frame.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import unicodedata
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    from PIL import Image, ImageCms
else:
    from django.utils.translation import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from django.core.files import File

MEGABYTE = 1024 * 1024
MAX_BYTES = 15 * MEGABYTE
MAX_PIXELS = {"PNG": 20_000_000, "JPEG": 50_000_000, "WEBP": 20_000_000}
MAX_FRAMES = 1000
MAX_SCANS = 64  # of a progressive JPEG; each is a walk over the whole picture
FULL_SCALE_PIXELS = 20_000_000  # larger JPEGs are decoded at half their sides
THUMB_BOX = (480, 360)  # twice of what is shown
MAX_UNPACKED = MEGABYTE  # compressed texts and colour profile of one PNG together

CHILD_MEMORY = 768 * MEGABYTE
CHILD_OUTPUT = 32 * MEGABYTE
CHILD_FILES = 32
CHILD_CPU_SECONDS = 15
CHILD_WALL_SECONDS = 20
SLOT_WAIT_SECONDS = 10

NO_ROOM = 75  # exit status, EX_TEMPFAIL
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)

PROJECT = Path(__file__).resolve().parent.parent

# A process answers one request per thread, and production runs one single-threaded worker per core:
# a count per process is a count per core there too, without lock files that outlive a crash.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)
_logger = logging.getLogger(__name__)


class ImagesBusy(Exception):
    """No core was free within ten seconds, or the disk is full: answer 503 with Retry-After."""


class ImageRefused(ValueError):
    """The picture is not accepted; `message` says why in the language active when it is read.

    `code` is empty, too_big, wrong_type, too_many_pixels, not_image or harmful.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> str:
        limits = ", ".join(f"{kind} {top // 1_000_000} MP" for kind, top in MAX_PIXELS.items())
        pixels = gettext("The picture has too many pixels. Largest allowed: %(size)s.")
        return {
            "empty": gettext("The submitted file is empty."),
            "too_big": gettext("The file is too big. Largest allowed: %(size)s.")
            % {"size": f"{MAX_BYTES // MEGABYTE} MB"},
            "wrong_type": gettext("This is no PNG, JPEG or WebP picture, whatever its name says."),
            "too_many_pixels": pixels % {"size": limits},
            "not_image": gettext(
                "Upload a valid image. The file you uploaded was either not an image or a "
                "corrupted image."
            ),
            "harmful": gettext("This file may be harmful and was not accepted."),
        }[self.code]


@dataclass(frozen=True)
class Sanitised:
    """A clean picture and its thumbnail, as files that live until the `with` block ends."""

    content: Path
    thumb: Path
    content_type: str  # image/png or image/jpeg
    extension: str  # png or jpg
    width: int
    height: int
    size: int  # bytes
    thumb_width: int
    thumb_height: int
    peak_memory: int  # bytes the child needed


@contextmanager
def sanitise(upload: File | IO[bytes]) -> Iterator[Sanitised]:
    """Yield the clean form of an uploaded picture: `with sanitise(upload) as picture:`.

    Raises ImageRefused before the block if the upload is no picture we take, ImagesBusy if there
    is no room to find out.
    """
    with _folder_with(upload, MAX_BYTES) as folder:
        yield _ask_child(folder)


@contextmanager
def blacken(
    picture: File | IO[bytes], boxes: Sequence[tuple[float, float, float, float]]
) -> Iterator[Sanitised]:
    """Yield a stored picture with black rectangles painted on it, and its thumbnail made anew.

    Each box is left, top, width, height in per cent of the picture; every pixel it touches is
    black. Raises what `sanitise` raises.
    """
    with _folder_with(picture, CHILD_OUTPUT) as folder:
        (folder / "boxes").write_text(json.dumps(boxes))
        yield _ask_child(folder)


@contextmanager
def _folder_with(upload: File | IO[bytes], most: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="picture-") as name:
        folder = Path(name)
        try:
            _copy(upload, folder / "upload", most)
        except OSError as error:
            if error.errno in _DISK_IS_FULL:
                raise ImagesBusy from error
            raise
        yield folder


def _copy(upload: File | IO[bytes], target: Path, most: int) -> None:
    """Write the upload to a file; its own word about its size is not believed."""
    size = 0
    with target.open("wb") as file:
        for piece in _pieces(upload):
            size += len(piece)
            if size > most:
                raise ImageRefused("too_big")
            file.write(piece)
    if not size:
        raise ImageRefused("empty")


def _pieces(upload: File | IO[bytes]) -> Iterable[bytes]:
    if hasattr(upload, "chunks"):
        return upload.chunks()
    return iter(partial(upload.read, 64 * 1024), b"")


def _ask_child(folder: Path) -> Sanitised:
    answer = _run_child(folder)
    if "refused" in answer:
        raise ImageRefused(answer["refused"])
    content, thumb = folder / "content", folder / "thumb"
    return Sanitised(content=content, thumb=thumb, size=content.stat().st_size, **answer)


def _run_child(folder: Path) -> dict:
    """Return the child's answer. A child that died of the picture, or hung, makes it harmful."""
    if not _slots.acquire(timeout=SLOT_WAIT_SECONDS):
        raise ImagesBusy
    try:
        status = subprocess.run(
            [sys.executable, "-m", "tickets.images", str(folder)],
            cwd=PROJECT,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CHILD_WALL_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        status = None
    finally:
        _slots.release()
    if status == NO_ROOM:
        raise ImagesBusy
    if status != 0:
        _logger.warning("The picture child ended with status %s", status)
        return {"refused": "harmful"}
    return json.loads((folder / "answer").read_text())


# Names for people ---------------------------------------------------------------------------------

MAX_NAME = 100
_SEPARATORS = re.compile(r"[/\\\u2044\u2215\uff0f\uff3c]")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi, zero width, surrogates …
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,5})\Z")
_EDGES = " .\uff0e\u3002"
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\Z", re.IGNORECASE)
_SAME_EXTENSION = {"jpeg": "jpg", "jpg": "jpg", "png": "png", "webp": "webp"}


def display_name(raw: str, extension: str = "") -> str:
    """Return a harmless name to show for an uploaded file, at most 100 characters, in NFC.

    With `extension` (of Sanitised) the name ends in what the stored picture is.
    """
    name = _visible(_SEPARATORS.split(raw)[-1][-255:]).strip().rstrip(_EDGES)
    match = _EXTENSION.search(name)
    stem, ending = (name[: match.start()], match[1]) if match else (name, "")
    if extension and _SAME_EXTENSION.get(ending.lower()) != extension:
        stem = stem if ending.lower() in _SAME_EXTENSION else name
        ending = extension
    stem = stem.strip(_EDGES)
    if not stem:
        stem, ending = "screenshot", ending or "png"
    if _DEVICES.match(stem.split(".")[0].rstrip()):
        stem = f"_{stem}"
    tail = f".{ending}" if ending else ""
    return stem[: MAX_NAME - len(tail)].rstrip(_EDGES) + tail


def _visible(text: str) -> str:
    """Drop what cannot be seen, make every blank a space, tame what file systems forbid."""
    spaced = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    shown = (sign for sign in spaced if unicodedata.category(sign) not in _UNSEEN)
    return _FORBIDDEN.sub("_", unicodedata.normalize("NFC", "".join(shown)))


# The child ----------------------------------------------------------------------------------------

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

# What other programs would start or open, wherever it stands in the file. Each is long enough not
# to turn up by chance in fifteen megabytes of compressed pixels.
_HARMFUL_MARKUP = re.compile(
    rb"<(?i:!doctype\s+html|(?:html|body)[\s>]|(?:script|iframe)[\s/>]|\?php\s"
    rb"|svg\s[^<>]{0,400}(?:xmlns|onload)|[a-z]{1,10}\s[^<>]{0,200}\bonerror\s*=)"
)
_HARMFUL_FILE = re.compile(
    rb"%PDF-\d|PK\x03\x04[\x0a-\x3f]\x00|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c"
    rb"|This program cannot be run in DOS mode"
)
_SCRIPT_COMMENT = re.compile(rb"\xff\xd8\xff\xe0/\*|RIFF/\*")  # a header that opens one

_UPRIGHT = {  # EXIF 2.32, tag 0x0112 → what to do
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


class _Refusal(Exception):
    """Raised in the child; its text is a code of ImageRefused."""


def _child(folder: Path) -> None:
    _limit_myself()
    try:
        (folder / "answer").write_text(json.dumps(_answer(folder)))
    except OSError as error:
        sys.exit(NO_ROOM if error.errno in _DISK_IS_FULL else 1)


def _limit_myself() -> None:
    """Bound memory, time, output and handles. macOS has no RLIMIT_AS: pixel limits hold there."""
    for limit, value in (
        (resource.RLIMIT_AS, CHILD_MEMORY),
        (resource.RLIMIT_CPU, CHILD_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, CHILD_OUTPUT),
        (resource.RLIMIT_NOFILE, CHILD_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


def _answer(folder: Path) -> dict:
    try:
        return _black(folder) if (folder / "boxes").exists() else _clean(folder)
    except _Refusal as refusal:
        return {"refused": str(refusal)}
    except Image.DecompressionBombError:
        return {"refused": "too_many_pixels"}
    except MemoryError:
        return {"refused": "harmful"}
    except Exception as error:  # a decoder may raise anything at a broken picture
        number = getattr(error, "errno", None)
        if number in _DISK_IS_FULL:
            raise
        return {"refused": "too_big" if number == errno.EFBIG else "not_image"}


def _clean(folder: Path) -> dict:
    data = (folder / "upload").read_bytes()
    kind, lossy = _judge(data)
    image = _plain(_decode(data, kind))
    encoding = "JPEG" if kind == "JPEG" or (lossy and image.mode != "RGBA") else "PNG"
    return _finish(image, folder, encoding)


def _black(folder: Path) -> dict:
    """Paint the boxes. What is stored is larger than any upload: no limit of bytes but our own."""
    data = (folder / "upload").read_bytes()
    encoding = "PNG" if data.startswith(PNG_MAGIC) else "JPEG"
    image = _plain(_decode(data, encoding))
    for box in json.loads((folder / "boxes").read_text()):
        image.paste("black", _pixels(box, *image.size))
    return _finish(image, folder, encoding)


def _pixels(box: list[float], width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of every pixel that the box touches."""
    left, top, wide, high = box
    return (
        max(0, math.floor(left * width / 100)),
        max(0, math.floor(top * height / 100)),
        min(width, math.ceil((left + wide) * width / 100)),
        min(height, math.ceil((top + high) * height / 100)),
    )


def _finish(image: Image.Image, folder: Path, encoding: str) -> dict:
    """Write the picture and its thumbnail; return what they are."""
    width, height = image.size
    _save(image, folder / "content", encoding, quality=88, compress_level=1)
    image.thumbnail(THUMB_BOX, Image.Resampling.LANCZOS)
    _save(image, folder / "thumb", encoding, quality=80, compress_level=6)
    return {
        "content_type": f"image/{encoding.lower()}",
        "extension": "jpg" if encoding == "JPEG" else "png",
        "width": width,
        "height": height,
        "thumb_width": image.width,
        "thumb_height": image.height,
        "peak_memory": _peak_memory(),
    }


def _judge(data: bytes) -> tuple[str, bool]:
    """Return the format and whether it is a lossy WebP, judged without decoding a pixel."""
    if data.startswith(PNG_MAGIC):
        kind, lossy, rest = "PNG", False, _check_png(data)
    elif data.startswith(b"\xff\xd8\xff"):
        # Phones append pictures, gain maps and films (MPF, Motion Photo): dropped unless harmful.
        kind, lossy, rest = "JPEG", False, b""
        if data.count(b"\xff\xda") > MAX_SCANS:
            raise _Refusal("harmful")
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        kind, (lossy, rest) = "WEBP", _check_webp(data)
    else:
        raise _Refusal("wrong_type")
    if _harmful(data) or rest.strip(b"\0\r\n"):
        raise _Refusal("harmful")
    return kind, lossy


def _harmful(data: bytes) -> bool:
    return bool(
        _HARMFUL_MARKUP.search(data) or _HARMFUL_FILE.search(data) or _SCRIPT_COMMENT.match(data)
    )


def _check_png(data: bytes) -> bytes:
    """Walk the chunks and return what follows the last one; refuse texts that are bombs."""
    at, kind, room = len(PNG_MAGIC), b"", MAX_UNPACKED
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            room -= _unpacked_size(kind, data[at + 8 : at + 8 + length], room)
        at += length + 12
    if at > len(data):
        raise _Refusal("not_image")
    # Some phones left the rest of the uncut screenshot behind the cut one (CVE-2023-21036).
    return b"" if data.endswith(b"IEND\xaeB`\x82") else data[at:]


def _unpacked_size(kind: bytes, body: bytes, room: int) -> int:
    rest = body.partition(b"\0")[2]
    packed = rest[1:]
    if kind == b"iTXt":
        packed = rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\1" else b""
    unpacker = zlib.decompressobj()
    try:
        size = len(unpacker.decompress(packed, room + 1))
    except zlib.error:
        return 0
    if size > room:
        raise _Refusal("harmful")
    return size


def _check_webp(data: bytes) -> tuple[bool, bytes]:
    """Return whether the picture is one lossy frame, and what follows the container."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    kinds, at = set(), 12
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        kinds.add(kind)
        at += 8 + length + length % 2
    return b"VP8 " in kinds, data[at:]


def _decode(data: bytes, kind: str) -> Image.Image:
    """Return the first frame, upright, its size judged from the header before memory is taken."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS[kind] // 2  # Pillow raises above twice this
    image = Image.open(BytesIO(data), formats=[kind])
    if getattr(image, "n_frames", 1) > MAX_FRAMES:
        raise _Refusal("harmful")
    if kind == "JPEG" and image.width * image.height > FULL_SCALE_PIXELS:
        image.draft(None, (image.width // 2, image.height // 2))
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    return image.transpose(Image.Transpose[turn]) if turn else image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # broken EXIF is common in honest pictures and goes away anyway
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """Return L, RGB or RGBA in sRGB, eight bits a channel, with nothing attached."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
        image.info.pop("transparency", None)
    if image.has_transparency_data:
        mode = "RGBA"
    else:
        mode = {"1": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    if image.mode != mode:
        image = image.convert(mode)
    if profile and mode != "L":
        image = _in_srgb(image, profile)
    if image.mode == "CMYK":
        image = image.convert("RGB")
    image.info.clear()
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture as its colour profile means it, or as it is if the profile is broken."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image


def _save(image: Image.Image, target: Path, encoding: str, **options: int) -> None:
    """Write a picture by way of memory: Pillow's own writing hides that the disk was full."""
    file = BytesIO()
    image.save(file, encoding, **options)
    target.write_bytes(file.getbuffer())


def _peak_memory() -> int:
    """Return this process's largest resident size in bytes.

    On Linux ru_maxrss is inherited from the parent through fork and exec; VmHWM is not.
    """
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
