import io

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import RectangleObject

from content_packs.pictures import pdf as pictures
from content_packs.pictures.pdf import draw_pdf
from content_packs.pictures.webp import read_webp_size
from support.lessons import pdf


def write(tmp_path, *pages, size=None, password=None):
    writer = PdfWriter()
    for page in pages:
        writer.append(io.BytesIO(page))
    if size:
        for page in writer.pages:
            page.mediabox = RectangleObject((0, 0, *size))
    if password is not None:
        writer.encrypt(password, "owner", algorithm="AES-256")
    path = tmp_path / "a.pdf"
    with path.open("wb") as file:
        writer.write(file)
    return path


def draw(tmp_path, path, name="made"):
    folder = tmp_path / name
    folder.mkdir()
    return draw_pdf(path, folder)


def test_each_page_becomes_a_picture_that_shows_what_stands_there(tmp_path):
    drawn = draw(tmp_path, write(tmp_path, pdf("", "one"), pdf("", "two")))
    assert (drawn.pages, sorted(drawn.pictures), drawn.fault) == (2, [1, 2], "")
    one, two = (Image.open(drawn.pictures[number]).convert("L") for number in (1, 2))
    assert one.width == 1000
    assert min(one.tobytes()) < 64 < 250 < max(one.tobytes())
    assert one.tobytes() != two.tobytes()


def test_two_drawings_are_identical(tmp_path):
    path = write(tmp_path, pdf("", "words"))
    one, other = (draw(tmp_path, path, name).pictures[1].read_bytes() for name in ("one", "other"))
    assert one == other


def test_photographs_keep_their_shades(tmp_path):
    photo = Image.radial_gradient("L").resize((400, 400))
    colourful = Image.merge("RGB", (photo, photo.rotate(90), photo.transpose(Image.Transpose.ROTATE_180)))
    out = io.BytesIO()
    Image.effect_noise((400, 400), 90).convert("RGB").save(out, "PDF")
    noisy = tmp_path / "noisy.pdf"
    noisy.write_bytes(out.getvalue())
    colourful.save(tmp_path / "smooth.pdf")
    shown = Image.open(draw(tmp_path, tmp_path / "smooth.pdf").pictures[1])
    assert len(shown.convert("RGB").getcolors(1 << 24)) > 1000
    assert draw(tmp_path, noisy, "noise").pictures[1].read_bytes()[12:16] == b"VP8 "


@pytest.mark.parametrize(
    ("size", "expected"),
    [((14400, 14400), (1000, 1000)), ((10, 14400), (3, 4000)), ((800, 200), (1000, 250))],
)
def test_huge_and_long_pages_stay_within_bounds(tmp_path, size, expected):
    drawn = draw(tmp_path, write(tmp_path, pdf("", "x"), size=size))
    assert read_webp_size(drawn.pictures[1]) == expected


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\n", b"%PDF-1.4\n" + b"\0" * 5000, b"<html>"])
def test_what_is_no_pdf_has_no_pictures_but_a_fault(tmp_path, data):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    drawn = draw(tmp_path, path)
    assert (drawn.pages, drawn.pictures) == (0, {})
    assert drawn.fault


def test_a_locked_pdf_has_none_and_one_with_an_empty_password_has_them(tmp_path):
    assert draw(tmp_path, write(tmp_path, pdf("", "x"), password="secret")).pictures == {}
    assert draw(tmp_path, write(tmp_path, pdf("", "x"), password=""), "open").pictures


def test_a_page_that_cannot_be_drawn_leaves_the_others(tmp_path):
    (tmp_path / "made" / "1.webp").mkdir(parents=True)
    drawn = draw_pdf(write(tmp_path, pdf("", "one"), pdf("", "two")), tmp_path / "made")
    assert (sorted(drawn.pictures), drawn.fault) == ([2], "")


def test_a_reader_that_crashes_gives_up_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_MAX_CRASHES", 2)
    (tmp_path / "painter.py").write_text(
        "import os\nfrom content_packs.child import serve\n"
        "serve(lambda question: os.abort() if 'page' in question else {'pages': 100})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(pictures, "_PAINTER", "painter")
    drawn = draw(tmp_path, write(tmp_path, pdf("", "x")))
    assert (drawn.pages, drawn.pictures) == (100, {})
    assert "page 3" in drawn.fault
    assert "signal 6" in drawn.fault


def test_pages_beyond_the_limit_have_none(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PAGES", 2)
    told = []
    (tmp_path / "made").mkdir()
    path = write(tmp_path, *[pdf("", word) for word in ("a", "b", "c")])
    drawn = draw_pdf(path, tmp_path / "made", advance=lambda done, pages: told.append((done, pages)))
    assert (drawn.pages, sorted(drawn.pictures)) == (3, [1, 2])
    assert told == [(1, 2), (2, 2)]


def test_a_page_that_takes_too_long_is_named(tmp_path, monkeypatch):
    path = write(tmp_path, pdf("", "x"))
    monkeypatch.setattr(pictures, "_BOOK_TIMEOUT_S", 0.0)
    drawn = draw(tmp_path, path)
    assert drawn.timed_out
    assert "page 1" in drawn.fault


def test_sizes_of_every_form_of_webp_are_read(tmp_path):
    picture = Image.new("RGBA", (300, 20), (200, 10, 10, 128))
    for name, form in {
        "lossy": {"quality": 50},
        "lossless": {"lossless": True},
        "extended": {"quality": 50, "exif": b"Exif\0\0MM"},
    }.items():
        path = tmp_path / f"{name}.webp"
        (picture.convert("RGB") if name == "lossy" else picture).save(path, "WEBP", **form)
        assert read_webp_size(path) == (300, 20), name
    (tmp_path / "cut.webp").write_bytes(path.read_bytes()[:20])
    (tmp_path / "no.webp").write_bytes(b"GIF89a" + b"\0" * 40)
    assert read_webp_size(tmp_path / "cut.webp") is None
    assert read_webp_size(tmp_path / "no.webp") is None
    assert read_webp_size(tmp_path / "missing.webp") is None
