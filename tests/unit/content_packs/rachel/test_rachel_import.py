import json
import os

import pytest
from click.testing import CliRunner

from content_packs.build import build_pack
from content_packs.check import check_source
from content_packs.cli import cli
from content_packs.errors import BadSourceError, UsageError
from content_packs.rachel.write import Wishes, import_module
from content_packs.source import open_source
from support.lessons import png
from support.sources import read_tree

INDEX = """<!-- version="2016.04" -->
<!-- This is a rachel-index.php file. <form action="<?php echo $dir ?>/old.php"></form> -->
<div class="indexmodule">
<?php
    $host = "//$_SERVER[SERVER_NAME]:81";
?>
<form action="<?php echo $dir ?>/search/search.php">
<input name="query" id="<?php echo $moddir ?>_search"><input type="submit" value="Search">
</form>
<a href="<?php echo $dir ?>/stories/one.html"><img src="<?= $dir ?>/logo.png" alt=""></a>
<h2><a href="<?php echo $dir ?>/stories/one.html">African Storybook</a></h2>
<p>Stories in many languages, CC BY-NC 4.0.</p>
<ul class="double">
<li><a href="<?php echo $dir; ?>/stories/TWO.html">Two</a></li>
<li><a href="/modules/en-afri/stories/one.html#end">The end</a></li>
<li><a href="<?php echo "$dir"; ?>/gone.html">Gone</a></li>
<li><a href="http://www.example.org/">Site</a></li>
</ul>
<?php include "more.php" ?>
<script>$(function() { alert(1) })</script>
</div>
"""
MODULE = {
    "rachel-index.php": INDEX,
    "more.php": "<p>More <?php include '../../etc/passwd'; include '/etc/passwd' ?></p>",
    "search/search.php": "<?php system($_GET['q']);",
    "logo.png": png(20),
    "css/style.css": "body{background:url(/modules/en-afri/logo.png)} p{background:url('gone.png')}",
    "stories/one.html": '<html><link rel="stylesheet" href="/modules/en-afri/css/style.css">'
    "<title>One</title>"
    '<a href="Two.html?a=1&amp;b=2#x">two</a> <a href=nope.html>no</a> <img src="../LOGO.png">',
    "stories/two.html": "<html><title>Two</title><a href='../../../x.html'>out</a>",
}


def write(folder, changes=None):
    for path, data in (MODULE | (changes or {})).items():
        if data is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def imported(tmp_path, changes=None, name="en-afri", **wishes):
    report = import_module(write(tmp_path / name, changes), tmp_path / "out", Wishes(**wishes))
    return report, read_tree(tmp_path / "out")


def test_a_module_becomes_a_web_pack_that_passes_the_check_and_builds(tmp_path):
    report, files = imported(tmp_path)
    assert (report.pack_id, report.version, report.title) == ("en-afri", 201604, "African Storybook")
    assert (report.language, report.licence, report.faults) == ("en", "CC-BY-NC-4.0", ())
    source = open_source(tmp_path / "out")
    assert source.values["description"] == "Stories in many languages, CC BY-NC 4.0."
    assert [finding for finding in check_source(source) if finding.severity == "error"] == []
    assert build_pack(tmp_path / "out", tmp_path / "built").index.pack.entry == "index.html"
    assert set(files) == {"pack.toml"} | {
        f"content/{path}"
        for path in ("index.html", "logo.png", "css/style.css", "stories/one.html", "stories/two.html")
    }


def test_its_php_is_text_and_never_runs(tmp_path):
    _, files = imported(tmp_path)
    everything = b"".join(files.values())
    for trace in (b"<?", b"root:", b"system(", b"SERVER_NAME", b"<script", b"<form", b"search.php"):
        assert trace not in everything
    assert b"<p>More" in files["content/index.html"]


def test_links_of_the_index_are_relative_and_right_in_case(tmp_path):
    page = imported(tmp_path)[1]["content/index.html"].decode()
    assert '<a href="stories/one.html"><img src="logo.png" alt=""></a>' in page
    assert '<a href="stories/two.html">Two</a>' in page
    assert '<a href="stories/one.html#end">The end</a>' in page
    assert "<a>Gone</a>" in page
    assert "<a>Site</a>" in page


def test_links_inside_pages_and_styles_are_mended_and_nothing_else_changes(tmp_path):
    _, files = imported(tmp_path)
    assert files["content/stories/one.html"].decode() == (
        '<html><link rel="stylesheet" href="../css/style.css"><title>One</title>'
        '<a href="two.html?a=1&amp;b=2#x">two</a> <a data-missing-href="">no</a> <img src="../logo.png">'
    )
    assert files["content/css/style.css"] == (
        b"body{background:url(../logo.png)} p{background:url('data:,')}"
    )


def test_each_form_of_a_link_is_mended(tmp_path):
    written = (
        "<a HREF = '/modules/en-afri/logo.png'></a> <a href=/modules/en-afri/logo.png>x</a>"
        '<p style="background:url( /modules/en-afri/logo.png )"></p>'
        "<style>@import '/modules/en-afri/css/style.css'; p{background:URL(\"gone.png\")}</style>"
    )
    page = imported(tmp_path, {"stories/two.html": written})[1]["content/stories/two.html"].decode()
    assert page == (
        '<a HREF = "../logo.png"></a> <a href="../logo.png">x</a>'
        '<p style="background:url(../logo.png)"></p>'
        "<style>@import '../css/style.css'; p{background:url(\"data:,\")}</style>"
    )


@pytest.mark.timeout(60)  # one pass takes seconds; a pass for each link, or for each `<!--`, takes an hour
def test_a_page_of_many_links_and_an_index_of_open_comments_end(tmp_path):
    links = "".join(f"<a href=/modules/en-afri/stories/one.html?{n}>x</a>" for n in range(20_000))
    changes = {"stories/two.html": links, "rachel-index.php": "<h2>Title</h2>" + "<!--" * 200_000}
    report, files = imported(tmp_path, changes, licence="CC0-1.0")
    assert report.title == "Title"
    assert files["content/stories/two.html"].count(b'href="one.html?') == 20_000


def test_the_report_says_what_will_not_work(tmp_path):
    report, _ = imported(tmp_path)
    lost = "\n".join(report.will_not_work)
    for word in (
        "search in PHP",
        "search/search.php: is a program",
        "'nope.html'",
        "gone.html",
        "example.org",
    ):
        assert word in lost
    assert "more.php: is a program" not in lost
    assert any("put in 'more.php'" in line for line in report.changed)


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("index.htmlf", "<h2>Fragment</h2>", "Fragment"),
        ("INDEX.HTMLF", "<H2>Loud</H2>", "Loud"),
        ("storybooks.htmlf", "<h2>Named <b>after</b> itself</h2>", "Named after itself"),
        ("rachel-index.php", "<p>no heading</p>", "en-afri"),
        ("index.html", "<title>x</title><h1>Whole page</h1>", "Whole page"),
    ],
)
def test_every_form_of_index_is_found(tmp_path, name, text, title):
    report, _ = imported(tmp_path, {"rachel-index.php": None, name: text}, licence="CC-BY-4.0")
    assert (report.title, report.version, report.faults) == (title, 1, ())


def test_an_index_of_its_own_stays_beside_the_one_that_is_made(tmp_path):
    report, files = imported(tmp_path, {"index.html": "<title>Own</title>"})
    assert report.entry == "module-index.html"
    assert files["content/index.html"] == b"<title>Own</title>"


@pytest.mark.parametrize(
    ("name", "language"),
    [("es-cuentos", "es"), ("pt-BR_livros", "pt-BR"), ("uk-kazky", "uk")],
)
def test_language_is_in_the_name(tmp_path, name, language):
    assert imported(tmp_path, name=name)[0].language == language


def test_what_the_module_does_not_say_is_asked_for(tmp_path):
    with pytest.raises(BadSourceError, match="no language") as error:
        imported(tmp_path, name="khan")
    assert "--language" in error.value.hint
    unlicensed = {"rachel-index.php": "<h2>T</h2>"}
    with pytest.raises(BadSourceError, match="no licence") as error:
        imported(tmp_path, unlicensed)
    assert "--licence" in error.value.hint
    report, _ = imported(tmp_path, unlicensed, name="khan", language="uk", licence="CC-BY-4.0")
    assert (report.language, report.licence) == ("uk", "CC-BY-4.0")


def test_licence_is_found_in_a_file_beside(tmp_path):
    link = "https://creativecommons.org/licenses/by-sa/3.0/"
    report, _ = imported(tmp_path, {"rachel-index.php": "<h2>T</h2>", "LICENSE.txt": f"See {link}"})
    assert report.licence == "CC-BY-SA-3.0"


def test_links_out_of_the_module_and_odd_names_stay_behind(tmp_path):
    folder = write(tmp_path / "en-afri", {"a:b.html": "<title>x", "Logo.PNG": b"1", ".htaccess": "x"})
    (folder / "passwd.html").symlink_to("/etc/passwd")
    (folder / "etc").symlink_to("/etc")
    os.mkfifo(folder / "pipe.html")
    report = import_module(folder, tmp_path / "out", Wishes())
    content = {path for path in read_tree(tmp_path / "out") if path.startswith("content/")}
    assert not content & {"content/a:b.html", "content/passwd.html", "content/.htaccess", "content/pipe.html"}
    assert len(content & {"content/logo.png", "content/Logo.PNG"}) == 1
    lost = "\n".join(report.will_not_work)
    for word in (
        "passwd.html: is a link",
        "etc: is a link",
        "a:b.html",
        "pipe.html: is neither",
        "some disks",
    ):
        assert word in lost
    assert report.faults == ()


def test_an_included_link_out_of_the_module_is_not_read(tmp_path):
    folder = write(tmp_path / "en-afri", {"more.php": None})
    (folder / "more.php").symlink_to("/etc/passwd")
    import_module(folder, tmp_path / "out", Wishes())
    assert b"root:" not in (tmp_path / "out/content/index.html").read_bytes()


def test_endless_includes_end(tmp_path):
    _, files = imported(
        tmp_path, {"more.php": "<b>x</b><?php include 'more.php' ?><?php include 'more.php' ?>"}
    )
    assert files["content/index.html"].count(b"<b>x</b>") < 50


def test_a_page_in_windows_letters_keeps_its_words(tmp_path):
    page = '<html><meta charset="windows-1251"><title>Казка</title><a href="nope.html">ні</a>'.encode(
        "cp1251"
    )
    _, files = imported(tmp_path, {"stories/two.html": page})
    assert "Казка" in files["content/stories/two.html"].decode("utf-8-sig")


@pytest.mark.parametrize(
    "index",
    ["", "<?php", "<?php echo '?>' ?>", "<h2>" * 5000, "\0\xff<a href='http://[::1'>x</a>", "<a href='//'>x"],
)
def test_odd_indexes_are_read_all_the_same(tmp_path, index):
    report, _ = imported(tmp_path, {"rachel-index.php": index}, licence="CC-BY-4.0")
    assert report.faults == ()


def test_two_imports_are_identical_and_the_second_takes_the_place_of_the_first(tmp_path):
    _, first = imported(tmp_path)
    assert imported(tmp_path)[1] == first


def test_a_folder_that_was_not_made_here_stays(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not made by"):
        imported(tmp_path)
    with pytest.raises(UsageError, match="lies in the other"):
        import_module(tmp_path / "en-afri", tmp_path / "en-afri" / "out", Wishes())
    with pytest.raises(UsageError, match="no such folder"):
        import_module(tmp_path / "none", tmp_path / "new", Wishes())


def test_a_folder_of_modules_is_refused_with_the_one_that_was_meant(tmp_path):
    write(tmp_path / "modules" / "en-afri")
    with pytest.raises(BadSourceError, match="no RACHEL module") as error:
        import_module(tmp_path / "modules", tmp_path / "out", Wishes(language="en"))
    assert error.value.hint == f"Did you mean {tmp_path / 'modules' / 'en-afri'}?"


def test_the_command_reports_and_a_dry_run_writes_nothing(tmp_path):
    folder = write(tmp_path / "en-afri")
    out = tmp_path / "out"
    dry = CliRunner().invoke(cli, ["import-rachel", str(folder), "-o", str(out), "--dry-run", "--json"])
    assert dry.exit_code == 0
    assert not out.exists()
    value = json.loads(dry.output)
    assert (value["format"], value["dry_run"], value["pack_id"], value["faults"]) == (1, True, "en-afri", [])
    said = CliRunner().invoke(cli, ["import-rachel", str(folder), "-o", str(out), "--id", "stories"])
    assert said.exit_code == 0
    assert "will not work: " in said.output
    assert f"Next: packs build {out}" in said.output
    assert open_source(out).values["id"] == "stories"
