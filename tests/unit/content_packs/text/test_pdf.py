import io

import pytest
from pypdf import PdfReader, PdfWriter

from content_packs.text.pdf import is_pdf, read_pdfs
from support.lessons import pdf


def read(tmp_path, data, *, with_text=True):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    (found,) = read_pdfs([path], with_text=with_text)
    return found


def with_password(data, password):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_title_pages_and_text_are_read(tmp_path):
    found = read(tmp_path, pdf("Дроби", "Half an apple"))
    assert (found.title, found.pages, found.fault) == ("Дроби", 1, "")
    assert found.text.strip() == "Half an apple"


def test_form_feeds_part_the_pages(tmp_path):
    writer = PdfWriter()
    for word in ("one", "two", "three"):
        writer.append(io.BytesIO(pdf("", word)))
    out = io.BytesIO()
    writer.write(out)
    assert [page.strip() for page in read(tmp_path, out.getvalue()).text.split("\f")] == [
        "one",
        "two",
        "three",
    ]


def test_check_alone_reads_no_text(tmp_path):
    assert read(tmp_path, pdf("T", "words"), with_text=False).text == ""


@pytest.mark.parametrize("title", ["Microsoft Word - план.docx", "untitled", "book.indd", "about:blank"])
def test_titles_that_programs_write_are_no_titles(tmp_path, title):
    assert read(tmp_path, pdf(title)).title == ""


def test_words_after_the_name_of_a_program_are_kept(tmp_path):
    assert read(tmp_path, pdf("Microsoft PowerPoint - Дроби")).title == "Дроби"


def test_password_is_named_and_an_empty_one_is_none(tmp_path):
    assert read(tmp_path, with_password(pdf("T"), "secret")).locked
    assert read(tmp_path, with_password(pdf("T", "open"), "")).text.strip() == "open"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\n", b"%PDF-1.4\n" + b"\0" * 5000, b"<html>"])
def test_broken_files_have_a_fault_and_no_text(tmp_path, data):
    found = read(tmp_path, data)
    assert found.fault
    assert found.text == ""


def test_each_file_gets_its_own_answer(tmp_path):
    for name, data in {"a.pdf": pdf("A"), "b.pdf": b"broken", "c.pdf": pdf("C")}.items():
        (tmp_path / name).write_bytes(data)
    found = list(read_pdfs([tmp_path / n for n in ("a.pdf", "b.pdf", "no.pdf", "c.pdf")], with_text=False))
    assert [f.title for f in found] == ["A", "", "", "C"]
    assert [bool(f.fault) for f in found] == [False, True, True, False]


def test_header_may_follow_rubbish():
    assert is_pdf(b"\n\n%PDF-1.7")
    assert not is_pdf(b"<html>")
