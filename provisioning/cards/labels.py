"""Labels to print: the hub's own, for its case, and a card for the classroom's wall; A4, uk or en. Pure."""

import html
import io
from collections.abc import Iterable

import segno

from hub.school import SchoolConfig
from hub.school.join import join_text
from hub.school.wording import in_language

_TEXTS = {
    "uk": {
        "title": "Наліпки хабів",
        "join": "1. Під'єднайтеся до мережі",
        "open": "2. Відкрийте",
        "network": "Мережа",
        "password": "Пароль",
        "none": "без пароля",
        "hub": "Хаб",
        "code": "Код з наліпки",
        "print": "Відбиток ключа",
        "keep": "Наліпка на корпус. Код потрібен, щоб задати пароль техніка: не показуйте його учням.",
        "cable": "Мережу роздає точка доступу школи.",
    },
    "en": {
        "title": "Labels of the hubs",
        "join": "1. Join the network",
        "open": "2. Open",
        "network": "Network",
        "password": "Password",
        "none": "no password",
        "hub": "Hub",
        "code": "Code of the label",
        "print": "Fingerprint of the key",
        "keep": "Label for the case. The code sets the technician's password: do not show it to learners.",
        "cable": "The school's access point makes the network.",
    },
}
_STYLE = """
@page { size: A4; margin: 12mm }
body { font: 12pt/1.35 sans-serif; margin: 0; color: #000 }
section { break-inside: avoid; border: 1px dashed #777; padding: 4mm 6mm; margin: 0 0 5mm }
h2 { font-size: 16pt; margin: 0 0 2mm }
.row { display: flex; align-items: flex-start }
.row > div { width: 50% }
.wall svg { width: 42mm; height: 42mm }
.case { border-top: 1px dashed #777; margin-top: 3mm; padding-top: 3mm; font-size: 10pt }
.case svg { width: 26mm; height: 26mm; float: right }
b.code { font: bold 13pt monospace; letter-spacing: .05em }
.value { font: bold 14pt monospace; overflow-wrap: anywhere }
p { margin: 0 0 1.5mm }
"""


def render_labels(schools: Iterable[tuple[SchoolConfig, str]], language: str = "uk") -> str:
    """Return one HTML page, needing nothing else, with the labels of these schools and the ids of their hubs.

    The fingerprint is that of a key which the hub makes itself at its first start: there is a line to write
    it on.
    """
    say = in_language(_TEXTS, language)
    parts = [_section(config, hub_id, say) for config, hub_id in schools]
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{say['title']}</title>\n<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


def _section(config: SchoolConfig, hub_id: str, say: dict[str, str]) -> str:
    address = f"http://{config.hub_name}/"
    if config.wifi.mode == "builtin":
        wifi, secret = config.wifi, config.wifi.password or say["none"]
        join = [
            _qr(join_text(wifi.ssid, wifi.password), wifi.ssid),
            f'<p>{say["network"]}: <span class="value">{html.escape(wifi.ssid)}</span></p>',
            f'<p>{say["password"]}: <span class="value">{html.escape(secret)}</span></p>',
        ]
    else:
        join = [f"<p>{say['cable']}</p>"]
    lines = [
        f"<section><h2>{html.escape(config.school_name)}</h2>",
        f'<div class="row wall"><div><p><b>{say["join"]}</b></p>{"".join(join)}</div>',
        f"<div><p><b>{say['open']}</b></p>{_qr(address, address)}",
        f'<p class="value">{html.escape(address)}</p></div></div>',
        f'<div class="case">{_qr(f"hub:{hub_id}", hub_id) if hub_id else ""}',
        _line(say["hub"], hub_id or "h-…………………"),
        _line(say["code"], config.label_code),
        _line(say["print"], "-".join(["…………"] * 4)),
        f"<p>{say['keep']}</p></div></section>",
    ]
    return "".join(lines)


def _line(name: str, value: str) -> str:
    return f'<p>{name}: <b class="code">{html.escape(value)}</b></p>'


def _qr(text: str, title: str) -> str:
    out = io.BytesIO()
    code = segno.make(text, micro=False, error="m")
    code.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, title=title)
    return out.getvalue().decode()
