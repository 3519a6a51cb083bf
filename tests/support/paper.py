"""How-tos as they are printed: the Markdown of docs/howto as pages for a browser."""

from pathlib import Path

from markdown_it import MarkdownIt

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
# As the web pages that show such files print them: 11 pt, no larger than they can be read from a wall nearby.
_WALL = """body{font:11pt/1.35 "DejaVu Sans",sans-serif} h1{font-size:17pt;margin:0 0 8pt} p{margin:0 0 6pt}
table{border-collapse:collapse} td,th{padding:2pt 8pt 2pt 0;text-align:left;vertical-align:top}"""
# Two sides of one sheet: what to do, and what to do when it does not work.
_DESK = """@page{size:A4;margin:10mm 12mm}
body{font:8.8pt/1.3 "DejaVu Sans",sans-serif;margin:0;color:#000} h1{font-size:15pt;margin:0 0 4pt} p{margin:0 0 4pt}
h2{break-before:page;font-size:14pt;margin:0 0 4pt} ol{margin:4pt 0;padding-left:14pt} li{margin:0 0 2.5pt}
a{color:#000;text-decoration:none} code{font:8pt "DejaVu Sans Mono",monospace}
table{border-collapse:collapse} td,th{border-top:.5pt solid #777;padding:2pt 6pt 2pt 0;text-align:left;vertical-align:top}
tr{break-inside:avoid} h2~table td:first-child{width:31%;font-weight:bold}
img{display:block} img[src*="road"]{height:32mm;margin:0 auto} img[src*="sockets"]{float:right;width:52mm;margin:0 0 2mm 4mm}
ol+table{width:100%;table-layout:fixed;margin-top:4pt} ol+table td,ol+table th{border:0;padding:0 1.5mm;text-align:center}
ol+table img{width:100%;border:.5pt solid #777}"""


def to_html(name: str) -> str:
    """Return a how-to as one page, whose pictures are found from anywhere on this machine."""
    language = name.split(".")[-2]
    style = _DESK if name.startswith("card.") else _WALL
    text = (HOWTO / name).read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><base href="{HOWTO.as_uri()}/">'
        f"<style>{style}</style>{MarkdownIt().enable('table').render(text)}"
    )
