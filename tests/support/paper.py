"""How-tos as they are printed: the Markdown of docs/howto as pages for a browser."""

import re
from pathlib import Path

from markdown_it import MarkdownIt

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
# As the web pages that show such files print them: 11 pt, no larger than they can be read from a wall nearby.
_WALL = """body{font:11pt/1.35 "DejaVu Sans",sans-serif} h1{font-size:17pt;margin:0 0 8pt} p{margin:0 0 6pt}
table{border-collapse:collapse} td,th{padding:2pt 8pt 2pt 0;text-align:left;vertical-align:top}"""
# Two sides of one sheet: what to do, and what to do when it does not work.
_DESK = """@page{size:A4;margin:11mm 13mm}
body{font:9.1pt/1.32 "DejaVu Sans",sans-serif;margin:0;color:#000}
h1{font-size:15pt;margin:0 0 4pt} h2{break-before:page;font-size:14pt;margin:0 0 4pt} p{margin:0 0 4pt}
table+p{margin-top:4pt}
ol{margin:4pt 0;padding-left:14pt} li{margin:0 0 2.5pt}
a{color:#000;text-decoration:none} code{font:8.2pt "DejaVu Sans Mono",monospace}
table{border-collapse:collapse} tr{break-inside:avoid}
td,th{border-top:.5pt solid #777;padding:2pt 6pt 2pt 0;text-align:left;vertical-align:top}
h2~table td:first-child{width:31%;font-weight:bold} h2~table{margin-bottom:4pt}
img{display:block} img[src*="road"]{height:26mm;margin:0 auto}
img[src*="sockets"]{float:right;width:50mm;margin:0 0 2mm 4mm}
ol+table{width:100%;table-layout:fixed;margin-top:4pt} ol+table img{width:100%;border:.5pt solid #777}
ol+table td,ol+table th{border:0;padding:0 1.5mm;text-align:center;font-weight:normal}"""


def to_html(name: str) -> str:
    """Return a how-to as one page, whose pictures are found from anywhere on this machine."""
    language = name.split(".")[-2]
    style = _DESK if name.startswith("card.") else _WALL
    text = (HOWTO / name).read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><base href="{HOWTO.as_uri()}/">'
        f"<style>{style}</style>{MarkdownIt().enable('table').render(text)}"
    )


def count_pages(pdf: bytes) -> int:
    """Return how many pages a PDF of Chromium's has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
