"""Pictures from strangers (DESIGN §4, SECURITY §A7, §C, §E): each test is one of their habits."""

import io
import random
import subprocess
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pictures
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from PIL import Image

from tickets import images
from tickets.images import ImageRefused, ImagesBusy, display_name, sanitise

MEGABYTE = 1024 * 1024


def uploaded(data, name="screenshot.png"):
    return SimpleUploadedFile(name, data, "image/png")


def cleaned(data):
    """Sanitise and return (what sanitise said, the stored picture, its bytes)."""
    with sanitise(uploaded(data)) as said:
        stored = said.content.read_bytes()
    return said, Image.open(io.BytesIO(stored)), stored


def refusal(data):
    with pytest.raises(ImageRefused) as caught, sanitise(uploaded(data)):
        pass
    assert caught.value.message
    return caught.value.code


def outcome(data):
    try:
        return cleaned(data)[0].content_type
    except ImageRefused as refused:
        return refused.code


def outcomes(many):
    """What becomes of each, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(outcome, many))


# Honest pictures


@pytest.mark.parametrize(
    ("kind", "content_type", "extension", "options"),
    [
        ("PNG", "image/png", "png", {}),
        ("JPEG", "image/jpeg", "jpg", {}),
        ("WEBP", "image/jpeg", "jpg", {}),
        ("WEBP", "image/png", "png", {"lossless": True}),
        ("WEBP", "image/png", "png", {"mode": "RGBA", "lossless": True}),
    ],
)
def test_an_honest_picture_comes_back_with_its_thumbnail(kind, content_type, extension, options):
    data = pictures.picture(kind, size=(1280, 720), **options)
    with sanitise(uploaded(data)) as said:
        assert said.size == said.content.stat().st_size
        thumb = Image.open(said.thumb)
        assert thumb.size == (said.thumb_width, said.thumb_height) == (480, 270)
        assert f"image/{thumb.format.lower()}" == content_type
        assert pictures.corners(thumb) == ["red", "green", "blue", "yellow"]
        folder = said.content.parent
    assert (said.content_type, said.extension) == (content_type, extension)
    assert (said.width, said.height) == (1280, 720)
    assert not folder.exists()


def test_a_small_picture_is_not_blown_up():
    said = cleaned(pictures.picture(size=(20, 10)))[0]
    assert (said.thumb_width, said.thumb_height) == (20, 10)


def test_any_file_like_upload_is_read():
    with sanitise(io.BytesIO(pictures.picture())) as said:
        assert said.content_type == "image/png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_stored_upright(orientation, kind):
    said, stored, _ = cleaned(pictures.turned(orientation, kind))
    assert pictures.corners(stored) == ["red", "green", "blue", "yellow"]
    assert (said.width, said.height) == stored.size == (64, 48)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_place_camera_and_comments_are_gone(kind):
    data = pictures.picture(kind, exif=pictures.exif_with_place(), xmp=b"<x>SECRETXMP</x>")
    assert b"SECRETCAMERA" in data
    with sanitise(uploaded(data)) as said:
        for path in (said.content, said.thumb):
            assert b"SECRET" not in path.read_bytes()
            assert b"Exif" not in path.read_bytes()
            with Image.open(path) as stored:
                assert not stored.getexif()
                assert not set(stored.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_comments_of_jpeg_and_texts_of_png_are_gone():
    assert b"SECRET" not in cleaned(pictures.picture("JPEG", comment=b"SECRET"))[2]
    png = pictures.with_chunk(pictures.picture(), b"tEXt", b"Author\0SECRET", late=True)
    assert b"SECRET" not in cleaned(png)[2]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_colour_profile_is_applied(kind):
    stored = cleaned(pictures.with_swapped_colours(kind))[1]
    assert pictures.corners(stored) == ["green", "red", "blue", "yellow"]
    assert "icc_profile" not in stored.info


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_colour_profile_that_does_not_fit_is_dropped(kind):
    for data in (pictures.with_icc(kind), pictures.picture(kind, icc_profile=b"broken" * 50)):
        _, stored, raw = cleaned(data)
        assert "icc_profile" not in stored.info
        assert b"ICC_PROFILE" not in raw
        assert b"iCCP" not in raw
        assert pictures.corners(stored) == ["red", "green", "blue", "yellow"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_depth_of_png_is_taken(mode):
    said, stored, _ = cleaned(pictures.picture(mode=mode))
    assert said.content_type == "image/png"
    if mode in ("P", "RGB", "RGBA"):
        assert pictures.corners(stored) == ["red", "green", "blue", "yellow"]


def test_sixteen_bits_become_eight_without_going_white():
    deep = Image.new("I;16", (8, 8), 32768)
    stored = cleaned(pictures.saved(deep, "PNG"))[1]
    assert stored.mode == "L"
    assert stored.getpixel((4, 4)) == 128


def test_a_transparent_palette_stays_transparent():
    image = pictures.drawn().convert("P")
    data = pictures.saved(image, "PNG", transparency=image.getpixel((0, 0)))
    stored = cleaned(data)[1]
    assert stored.getpixel((0, 0))[3] == 0
    assert stored.getpixel((63, 0))[3] == 255


def test_print_colours_become_screen_colours():
    stored = cleaned(pictures.picture("JPEG", mode="CMYK"))[1]
    assert stored.mode == "RGB"
    assert pictures.corners(stored) == ["red", "green", "blue", "yellow"]


def test_an_interlaced_png_and_a_progressive_jpeg_are_taken():
    assert outcome(pictures.interlaced_png()) == "image/png"
    assert outcome(pictures.picture("JPEG", progressive=True)) == "image/jpeg"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_kept(kind):
    frames = [pictures.drawn(), Image.new("RGB", (64, 48)), Image.new("RGB", (64, 48), "white")]
    data = pictures.saved(
        frames[0], kind, save_all=True, append_images=frames[1:], lossless=True, duration=50
    )
    stored = cleaned(data)[1]
    assert getattr(stored, "n_frames", 1) == 1
    assert pictures.corners(stored) == ["red", "green", "blue", "yellow"]


def test_what_phones_append_to_a_jpeg_is_dropped():
    jpeg = pictures.picture("JPEG")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + random.Random(7).randbytes(200_000)
    samsung = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFH\0\0SEFT"
    gain_map = pictures.saved(
        pictures.drawn(), "MPO", save_all=True, append_images=[pictures.drawn((32, 24))]
    )
    for data in (jpeg + film, jpeg + samsung, gain_map, jpeg + jpeg, jpeg + bytes(5000)):
        _, stored, raw = cleaned(data)
        assert stored.format == "JPEG"
        assert len(raw) < len(jpeg) * 2


def test_padding_and_the_rest_of_a_cut_screenshot_are_dropped():
    png = pictures.picture()
    assert outcome(png + bytes(64)) == "image/png"
    assert outcome(png + b"remains of the uncut" + png[-400:]) == "image/png"
    assert outcome(pictures.picture("WEBP") + bytes(3)) == "image/jpeg"


# Hostile pictures

BOMBS = pictures.bombs()
POLYGLOTS = pictures.polyglots()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name):
    assert len(BOMBS[name]) < MEGABYTE
    expected = "too_many_pixels" if "dimensions" in name or "real" in name else "harmful"
    assert refusal(BOMBS[name]) == expected


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_picture_that_is_also_something_else_is_refused(name):
    assert refusal(POLYGLOTS[name]) == "harmful"


@pytest.mark.parametrize(
    "data",
    [pictures.HTML, pictures.SVG, pictures.PDF, pictures.archive(), b"\0" * 100, b"MZ" * 50]
    + [pictures.picture(kind) for kind in ("GIF", "BMP", "TIFF", "ICO", "PPM")],
    ids=["html", "svg", "pdf", "zip", "zeros", "exe", "gif", "bmp", "tiff", "ico", "ppm"],
)
def test_another_file_named_like_a_picture_is_refused(data):
    assert refusal(data) == "wrong_type"


def test_an_empty_file_is_refused():
    assert refusal(b"") == "empty"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_cut_at_any_sixteenth_is_refused(kind):
    data = pictures.picture(kind, size=(160, 120))
    parts = [data[: len(data) * part // 16] for part in range(1, 16)]
    assert set(outcomes(parts)) <= {"not_image", "wrong_type"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_flipped_bits_give_a_picture_or_a_refusal(kind):
    dice = random.Random(kind)
    damaged = []
    for _ in range(16):
        data = bytearray(pictures.picture(kind))
        for _ in range(3):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        damaged.append(bytes(data))
    assert all(outcomes(damaged))


def test_a_file_of_just_fifteen_megabytes_is_taken_and_one_more_byte_is_not():
    jpeg = pictures.picture("JPEG")
    full = jpeg + bytes(images.MAX_BYTES - len(jpeg))
    assert outcome(full) == "image/jpeg"
    assert refusal(full + b"\0") == "too_big"


def test_the_upload_may_not_lie_about_its_size():
    upload = uploaded(bytes(images.MAX_BYTES + 1))
    upload.size = 10
    with pytest.raises(ImageRefused, match="too_big"), sanitise(upload):
        pass


@pytest.mark.parametrize(
    ("kind", "size", "over"),
    [("PNG", (5000, 4000), (5000, 4001)), ("WEBP", (5000, 4000), (5000, 4001))],
)
def test_twenty_megapixels_are_taken_and_one_row_more_is_not(kind, size, over):
    options = {"lossless": True, "method": 0} if kind == "WEBP" else {"compress_level": 1}
    said = cleaned(pictures.saved(Image.new("RGBA", size), kind, **options))[0]
    assert (said.width, said.height) == size
    assert said.peak_memory < 500 * MEGABYTE
    assert refusal(pictures.saved(Image.new("1", over), kind, **options)) == "too_many_pixels"


def test_a_jpeg_of_fifty_megapixels_is_stored_at_half_its_sides():
    data = pictures.saved(Image.new("RGB", (10_000, 5000)), "JPEG", progressive=True)
    said = cleaned(data)[0]
    assert (said.width, said.height) == (5000, 2500)
    assert refusal(pictures.huge_jpeg(10_000, 5001)) == "too_many_pixels"


# The child and its parent


def test_a_phone_photo_needs_less_than_256_megabytes_in_the_child():
    for options in ({}, {"progressive": True, "subsampling": 0}):
        said = cleaned(pictures.photo((4000, 3000), exif=b"Exif\0\0", **options))[0]
        assert 20 * MEGABYTE < said.peak_memory < 256 * MEGABYTE


def test_fifty_pictures_do_not_make_the_parent_grow():
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc/self/statm, which macOS does not have")
    data = pictures.photo((1000, 800))
    outcomes([data] * 4)
    before = resident_bytes()
    assert outcomes([data] * 50) == ["image/jpeg"] * 50
    assert resident_bytes() - before < 8 * MEGABYTE


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_the_child_imports_no_django_and_the_parent_no_pillow():
    assert packages_loaded_by("-m", "tickets.images", "/nowhere") == {"PIL"}
    assert packages_loaded_by("-c", "import tickets.images") == {"django"}


def packages_loaded_by(*arguments):
    log = python("-X", "importtime", *arguments).stderr
    names = {line.rpartition("|")[2].strip() for line in log.splitlines()}
    return names & {"django", "PIL"}


def test_the_child_limits_itself():
    if sys.platform == "darwin":
        pytest.skip("macOS does not enforce RLIMIT_AS")
    limits = python(
        "-c",
        "import resource as r; from tickets import images; images._limit_myself();"
        "print([r.getrlimit(n)[1] for n in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_CORE)])",
    ).stdout
    assert limits.strip() == f"[{768 * MEGABYTE}, 15, 0]"


def python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=images.PROJECT, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "crime",
    ["bytearray(2**31)", "os.kill(os.getpid(), 9)", "os.abort()", "sys.exit(3)", "1 / 0"],
)
def test_a_child_that_dies_is_an_error_of_the_field(crime, monkeypatch, tmp_path):
    fake_child(monkeypatch, tmp_path, crime)
    assert refusal(pictures.picture()) == "harmful"


def test_a_child_that_hangs_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(images, "CHILD_WALL_SECONDS", 0.5)
    fake_child(monkeypatch, tmp_path, "__import__('time').sleep(60)")
    assert refusal(pictures.picture()) == "harmful"


def test_a_full_disk_is_busy_and_not_the_pictures_fault(monkeypatch, tmp_path):
    fake_child(monkeypatch, tmp_path, f"sys.exit({images.NO_ROOM})")
    with pytest.raises(ImagesBusy), sanitise(uploaded(pictures.picture())):
        pass


def fake_child(monkeypatch, folder, crime):
    """Put a module in the place of the child that limits its memory and commits the crime."""
    package = folder / "tickets"
    package.mkdir()
    (package / "images.py").write_text(
        f"import os, sys, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({2**29}, {2**29}))\n{crime}\n"
    )
    monkeypatch.setattr(images, "PROJECT", folder)


def test_a_picture_waits_for_a_free_core_and_then_gives_up(monkeypatch):
    slots = threading.BoundedSemaphore(1)
    slots.acquire()
    monkeypatch.setattr(images, "_slots", slots)
    monkeypatch.setattr(images, "SLOT_WAIT_SECONDS", 0.2)
    with pytest.raises(ImagesBusy), sanitise(uploaded(pictures.picture())):
        pass
    slots.release()
    assert outcome(pictures.picture()) == "image/png"


def test_many_pictures_at_once_are_all_answered(monkeypatch):
    monkeypatch.setattr(images, "SLOT_WAIT_SECONDS", 60)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(outcome, [pictures.picture()] * 8)
        assert list(answers) == ["image/png"] * 8


def test_the_reason_is_said_when_it_is_read():
    refused = ImageRefused("not_image")
    with translation.override("en"):
        assert refused.message.startswith("Upload a valid image.")
    with translation.override("cs"):
        assert refused.message.startswith("Nahrajte platný obrázek.")
    with translation.override("en"):
        assert ImageRefused("too_big").message == "The file is too big. Largest allowed: 15 MB."


# Names


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("screenshot.png", "screenshot.png"),
        ("Posnetek zaslona čšž.png", "Posnetek zaslona čšž.png"),
        ("Příliš žluťoučký kůň.JPG", "Příliš žluťoučký kůň.JPG"),
        (unicodedata.normalize("NFD", "žluťoučký.png"), "žluťoučký.png"),
        ("../../etc/passwd", "passwd"),
        ("/etc/shadow.png", "shadow.png"),
        ("C:\\Users\\Ana\\slika.png", "slika.png"),
        ("C:slika.png", "C_slika.png"),
        ("\uff0e\uff0e\uff0fslika.png", "slika.png"),
        ("a\0b.png", "ab.png"),
        ("slika\u202egnp.exe", "slikagnp.exe"),
        ("sli\u200bka\ufeff.png", "slika.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ("con", "_con"),
        ("CON.png", "_CON.png"),
        ("com1.tar.png", "_com1.tar.png"),
        ("lpt¹.png", "_lpt¹.png"),
        ("slika.png:evil.exe", "slika.png_evil.exe"),
        ("slika.png. . .", "slika.png"),
        (".htaccess", "htaccess"),
        ("<img src=x onerror=alert(1)>.png", "_img src=x onerror=alert(1)_.png"),
        ("..%2f..%2fslika.png", "%2f..%2fslika.png"),
        ("\ud800slika.png", "slika.png"),
        ("", "screenshot.png"),
        ("..", "screenshot.png"),
        ("\u202e\u200b", "screenshot.png"),
        (".png", "screenshot.png"),
    ],
)
def test_a_file_name_is_made_harmless(raw, shown):
    assert display_name(raw) == shown
    assert display_name(shown) == shown


def test_a_long_name_is_cut_and_keeps_its_ending():
    name = display_name("č" * 10_000 + ".jpeg")
    assert name.endswith("č.jpeg")
    assert len(name) == 100
    assert len(display_name("\u0301" * 10_000)) <= 100


@pytest.mark.parametrize(
    ("raw", "extension", "shown"),
    [
        ("slika.webp", "png", "slika.png"),
        ("slika.JPEG", "jpg", "slika.JPEG"),
        ("slika.html", "png", "slika.html.png"),
        ("slika", "jpg", "slika.jpg"),
        ("", "jpg", "screenshot.jpg"),
    ],
)
def test_a_name_can_be_given_the_ending_of_what_is_stored(raw, extension, shown):
    assert display_name(raw, extension) == shown
