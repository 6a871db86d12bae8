"""Honest and hostile pictures, drawn when a test asks for them: no binary file is kept."""

import io
import struct
import zipfile
import zlib

from PIL import Image, ImageCms, PngImagePlugin

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
ARROW = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))  # corners, clockwise from top left


def picture(kind="PNG", size=(64, 48), mode="RGB", **options):
    """A picture with a different colour in every corner, as bytes."""
    return saved(drawn(size).convert(mode), kind, **options)


def drawn(size=(64, 48)):
    width, height = size
    image = Image.new("RGB", size)
    middle, centre = width // 2, height // 2
    image.paste(ARROW[0], (0, 0, middle, centre))
    image.paste(ARROW[1], (middle, 0, width, centre))
    image.paste(ARROW[2], (middle, centre, width, height))
    image.paste(ARROW[3], (0, centre, middle, height))
    return image


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(size, **options):
    """A JPEG of camera-like noise: expensive to decode and to write."""
    tile = Image.effect_noise((500, 500), 60).convert("RGB")
    image = drawn(size)
    for x in range(0, size[0], 500):
        for y in range(0, size[1], 500):
            image.paste(tile, (x, y))
    return saved(image, "JPEG", quality=90, **options)


def corners(image):
    """The names of the colours in the corners, clockwise from top left."""
    image = image.convert("RGB")
    right, bottom = image.width - 3, image.height - 3
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 0): "yellow"}
    spots = ((2, 2), (right, 2), (right, bottom), (2, bottom))
    return [names.get(tuple(round(v / 255) for v in image.getpixel(spot))) for spot in spots]


def turned(orientation, kind="JPEG"):
    """A picture that is upright only after its EXIF orientation is obeyed."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = drawn()
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, kind, exif=exif)


def exif_with_place():
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif[0x9286] = "SECRETCOMMENT"
    exif.get_ifd(0x8825).update({1: "N", 2: (46.0, 3.0, 5.0), 3: "E", 4: (14.0, 30.0, 20.0)})
    return exif


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png, kind, body, late=False):
    """The PNG with one more chunk, after the header or before the end."""
    at = len(png) - 12 if late else 33
    return png[:at] + chunk(kind, body) + png[at:]


def huge_png(width, height):
    """A PNG of a few bytes whose header promises width × height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return PNG_MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def huge_jpeg(width, height):
    """A small JPEG whose frame header promises width × height pixels."""
    data = bytearray(picture("JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def huge_webp(width, height):
    """A small WebP whose header promises width × height pixels."""
    data = bytearray(picture("WEBP"))
    data[26:30] = struct.pack("<HH", width, height)
    return bytes(data)


def bombs():
    """Name → bytes of pictures that are small until somebody unpacks them."""
    zeros = zlib.compress(bytes(50_000_000), 9)
    png = picture()
    return {
        "png dimensions": huge_png(60_000, 60_000),
        "jpeg dimensions": huge_jpeg(65_000, 65_000),
        "webp dimensions": huge_webp(16_383, 16_383),
        "real webp": saved(Image.new("RGB", (6000, 6000)), "WEBP", quality=1, method=0),
        "zTXt": with_chunk(png, b"zTXt", b"Comment\0\0" + zeros),
        "late zTXt": with_chunk(png, b"zTXt", b"Comment\0\0" + zeros, late=True),
        "iTXt": with_chunk(png, b"iTXt", b"Comment\0\1\0\0\0" + zeros),
        "iCCP": with_chunk(png, b"iCCP", b"profile\0\0" + zeros),
        "many small texts": many_texts(png),
        "png frames": with_chunk(png, b"acTL", struct.pack(">II", 100_000, 0)),
        "webp frames": many_frames(),
    }


def many_texts(png):
    body = b"Comment\0\0" + zlib.compress(bytes(900_000), 9)
    for _ in range(40):
        png = with_chunk(png, b"zTXt", body)
    return png


def many_frames():
    frames = [Image.new("RGB", (8, 8), (n % 256, n // 256, 0)) for n in range(1200)]
    return saved(
        frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0
    )


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("run.class", b"\xca\xfe\xba\xbe")
    return file.getvalue()


def polyglots():
    """Name → bytes that are a picture and something else."""
    png, jpeg, webp = picture(), picture("JPEG"), picture("WEBP")
    found = {}
    for name, tail in (("html", HTML), ("zip", archive()), ("pdf", PDF), ("svg", SVG)):
        for kind, data in (("png", png), ("jpeg", jpeg), ("webp", webp)):
            found[f"{kind} + {name}"] = data + tail
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<script>alert(1)</script>")
    found["script in PNG text"] = picture(pnginfo=text)
    found["script in JPEG comment"] = picture("JPEG", comment=b"<?php system($_GET[0]); ?>")
    found["script in EXIF"] = picture("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + HTML)
    found["script in XMP"] = picture("WEBP", xmp=HTML)
    found["PDF in private chunk"] = with_chunk(png, b"prVt", PDF)
    found["script behind PNG"] = png + b"\n*/=1;alert(1)/*"
    found["JPEG that is a script"] = b"\xff\xd8\xff\xe0/*" + jpeg[6:]
    return found


def with_icc(kind="JPEG"):
    """A picture with a colour profile that cannot be meant for its pixels."""
    return picture(kind, icc_profile=profile("LAB"))


def with_swapped_colours(kind):
    """A picture whose colour profile says that red is green and green is red."""
    srgb = profile("sRGB").replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    return picture(kind, icc_profile=swapped)


def profile(space):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def interlaced_png():
    """An Adam7 PNG of 8 × 8 grey pixels; Pillow itself cannot write one."""
    passes = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))  # width, rows of each
    rows = b"".join(b"\0" + bytes([90] * width) for width, count in passes for _ in range(count))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    body = chunk(b"IDAT", zlib.compress(rows))
    return PNG_MAGIC + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")
