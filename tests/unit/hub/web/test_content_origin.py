from urllib.parse import quote

import pytest
from werkzeug.test import Client, run_wsgi_app

from hub.library.installed import CURRENT
from support.shelves import put_files_pack, put_lesson, put_textbook


def test_every_byte_is_the_source_s(content, paths, scratch):
    folder = put_textbook(paths, scratch)
    for file in folder.rglob("*"):
        if file.is_file():
            name = quote(file.relative_to(folder).as_posix())
            assert content.get(f"/p/python-basics/{name}").data == file.read_bytes()


def test_names_with_spaces_cyrillic_and_signs_are_served(content, paths, scratch):
    folder = put_files_pack(paths, scratch)
    for name in ("1 Вступ #1 100%.md", "3 Підручник + зошит.pdf", "відео/4 Частини.uk.vtt"):
        assert content.get(f"/p/maths-shelf/{quote(name)}").data == (folder / name).read_bytes()


def test_a_page_runs_in_a_sandbox_without_an_origin_of_ours(content, paths, scratch):
    put_lesson(paths, scratch)
    headers = content.get("/p/lesson/index.html", headers={"Host": "hub.lan:8081"}).headers
    policy = headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "allow-top-navigation" not in policy
    assert "popups-to-escape" not in policy
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "path", ["/p/lesson/none", "/p/none/index.html", "/p/", "/", "/z/lesson/x", "/p/lesson/svg.svg"]
)
def test_even_what_is_missing_or_a_picture_is_sandboxed(content, paths, scratch, path):
    put_lesson(paths, scratch, {"index.html": b"x", "svg.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"})
    assert "sandbox" in content.get(path).headers["Content-Security-Policy"]


def test_a_pdf_is_not_sandboxed_but_only_the_portal_may_frame_it(content, paths, scratch):
    put_files_pack(paths, scratch)
    answer = content.get(
        "/p/maths-shelf/" + quote("3 Підручник + зошит.pdf"), headers={"Host": "hub.lan:8081"}
    )
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "sandbox" not in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors http://hub.lan:8080" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_nothing_can_be_sent(content, paths, scratch, method):
    put_lesson(paths, scratch)
    assert content.open("/p/lesson/index.html", method=method).status_code == 405


def test_scripts_may_ask_whether_they_may_ask(content):
    assert content.open("/p/lesson/data.json", method="OPTIONS").status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "/p/lesson/../index.zst",
        "/p/lesson/%2e%2e/index.zst",
        "/p/lesson/..%2findex.zst",
        "/p/lesson/....//index.zst",
        "/p/lesson//etc/passwd",
        "/p/lesson/%2fetc/passwd",
        "/p/lesson/x%00",
        "/p/lesson/..\\index.zst",
        "/p/lesson/%ff%fe",
        "/p/../hub.db",
        "/p/.staging/x",
        "/p/lesson/index.html/",
        "/p/lesson/out/secret.txt",
        "/p/lesson/link.html",
    ],
)
def test_nothing_outside_the_pack_is_served(content, paths, scratch, path):
    folder = put_lesson(paths, scratch)
    (paths.dir / "outside").mkdir()
    (paths.dir / "outside" / "secret.txt").write_text("secret")
    (folder / "out").symlink_to(paths.dir / "outside")
    (folder / "link.html").symlink_to(paths.db)
    answer = content.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.data


def test_a_raw_path_with_dots_is_refused_too(content, paths, scratch):
    put_lesson(paths, scratch)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/p/lesson/../../../hub.db",
        "HTTP_HOST": "x",
        "SERVER_NAME": "x",
        "SERVER_PORT": "1",
        "wsgi.url_scheme": "http",
    }
    _, status, _ = run_wsgi_app(content.application, environ)
    assert status.startswith("404")


def test_a_folder_opens_with_its_index_page(content, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"top", "a b/index.html": b"inner"})
    assert content.get("/p/lesson/").data == b"top"
    assert content.get("/p/lesson/a%20b").headers["Location"] == "/p/lesson/a%20b/"
    assert content.get("/p/lesson/a%20b/").data == b"inner"


def test_a_download_keeps_its_ukrainian_name(content, paths, scratch):
    put_files_pack(paths, scratch)
    answer = content.get("/p/maths-shelf/" + quote("6 Казки.epub") + "?download")
    header = answer.headers["Content-Disposition"]
    assert header.startswith('attachment; filename="6 _____.epub"')
    assert f"filename*=UTF-8''{quote('6 Казки.epub')}" in header
    assert answer.headers["Content-Type"] == "application/epub+zip"


def test_an_update_shows_at_once_and_open_pages_of_the_old_version_go_on(content, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"old", "app.1a2b.js": b"old script"}, version=1)
    assert content.get("/p/lesson/").data == b"old"
    put_lesson(paths, scratch, {"index.html": b"new", "app.3f4d.js": b"new script"}, version=2)
    assert content.get("/p/lesson/").data == b"new"
    assert content.get("/p/lesson/app.1a2b.js").data == b"old script"
    (paths.packs / "lesson" / CURRENT).unlink()
    assert content.get("/p/lesson/").status_code == 404


def test_a_host_that_is_no_name_is_refused(content: Client):
    assert content.get("/p/lesson/", headers={"Host": "x; sandbox allow-same-origin"}).status_code == 400
