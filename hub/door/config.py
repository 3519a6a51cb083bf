"""The configuration of nginx: text, made from hub.toml alone. Pure, but for the template that it reads once.

Its template, nginx.conf.txt, is an nginx configuration with the blanks left open. Headers and policies are
those of the portal's own modules, so that a page is the same whoever sends it.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from content_packs.errors import UsageError
from hub import web
from hub.addresses import reachable
from hub.library.precompress import TEXT_SUFFIXES
from hub.settings import HubPaths, HubSettings
from hub.web import headers
from hub.web.content_origin import PACK_HEADERS, PDF, pack_policy
from hub.web.door import ADDRESS_HEADER, DOOR_HEADER
from hub.web.media_types import list_types
from hub.web.origins import PACK_LABELS, Door, origin
from hub.web.pagefiles import FINISHED_SEARCH
from hub.web.sessions import COOKIE

_TEMPLATE = Path(__file__).with_name("nginx.conf.txt")
_TEMPLATES = Path(web.__file__).parent / "templates"
_YEAR_S = 365 * 24 * 3600
_UNQUOTABLE = re.compile(r'[$"\\;{}\s\x00-\x1f]')  # what would mean something to nginx
_OWN_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    **headers.ALWAYS,
}


@dataclass(frozen=True, slots=True)
class Kolibri:
    """Where Kolibri listens, behind the door."""

    address: str
    port: int
    zip_port: int


def door_of_settings(settings: HubSettings) -> Door:
    """Return the door as hub.toml has it."""
    door = settings.door
    further = (door.packs_port, door.kolibri_port, door.zip_port)
    ports = [port or door.port + number for number, port in enumerate(further, 1)]
    if len({door.port, *ports}) <= len(ports):
        raise UsageError(
            f"hub.toml: the four ports of [door] must differ, got {door.port}, {', '.join(map(str, ports))}",
            hint="Leave out packs_port, kolibri_port and zip_port.",
        )
    return Door(door.hub_name, door.packs_domain, door.port, *ports)


def write_config(
    paths: HubPaths, settings: HubSettings, door: Door, *, host: str, user: str = "", single: bool = False
) -> str:
    """Return the whole configuration; `single`: one process, which dies with whoever started it.

    Raises:
        UsageError: something in hub.toml cannot be served so; the message names it.
    """
    if _UNQUOTABLE.search(str(paths.dir)):
        raise UsageError(f"{paths.dir}: nginx cannot serve a folder of this name", hint="Move the hub.")
    return _template().render(
        door=door,
        listen=lambda port: _listen(host, port),
        user=user,
        single=single,
        kolibri=_kolibri(settings),
        kolibri_admin=settings.door.kolibri_admin,
        folder=paths.run / "nginx",
        pages=paths.pages,
        packs=paths.packs,
        portal_socket=paths.portal_socket,
        packs_socket=paths.packs_socket,
        patience=f"{settings.portal.patience_s:.0f}s",
        door_pages=_TEMPLATES / "door",
        pack_pages=_TEMPLATES / "content_origin",
        types={suffix[1:]: kind for suffix, kind in sorted(list_types().items())},
        packed_suffixes=sorted(suffix[1:] for suffix in TEXT_SUFFIXES),
        pack_labels=PACK_LABELS,
        packs_suffix=re.escape(f".{door.packs_domain}"),
        session_cookie=COOKIE,
        finished_search=FINISHED_SEARCH,
        door_header=DOOR_HEADER,
        address_header=ADDRESS_HEADER,
        **_headers(door),
    )


def _headers(door: Door) -> dict[str, object]:
    return {
        "portal_headers": {
            "Content-Security-Policy": headers.portal_policy(door.packs_source(door.hub_name)),
            **headers.ALWAYS,
            **headers.UNLESS_SAID,
        },
        "asset_headers": {
            **headers.ALWAYS,
            "Cache-Control": f"public, max-age={_YEAR_S}",
            "Vary": "Accept-Encoding",
        },
        "pack_headers": {
            "Content-Security-Policy": "$pack_policy",
            **PACK_HEADERS,
            "Vary": "Accept-Encoding",
        },
        "own_page_headers": _OWN_PAGE_HEADERS,
        "pdf": PDF,
        "pack_policy": pack_policy,
        "own_origin": origin,
    }


def _listen(host: str, port: int) -> str:
    if host == "::":
        return f"[::]:{port} ipv6only=off"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _kolibri(settings: HubSettings) -> Kolibri | None:
    kolibri = settings.kolibri
    if not kolibri.enabled:
        return None
    if not kolibri.port or not kolibri.zip_port:
        raise UsageError(
            "hub.toml: kolibri.port or kolibri.zip_port is 0, any free one: the front door cannot know it",
            hint="Give both a number, or leave them out.",
        )
    address = reachable(kolibri.host or settings.inner_host)
    return Kolibri(f"[{address}]" if ":" in address else address, kolibri.port, kolibri.zip_port)


def _quote(text: object) -> str:
    """Return one argument of a directive; variables in it keep their meaning."""
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@cache
def _template() -> Template:
    # No autoescape: this is no HTML.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    environment.globals["q"] = _quote
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
