"""Time and power: the clock, set from this browser; heat, supply and card; restart and switch off."""

from datetime import UTC, datetime

from flask import Blueprint, Response, render_template

from content_packs.errors import LocalError
from hub.clock import BUILT_AT, is_known, read_floor
from hub.hardware import Hardware, is_under_voltage
from hub.machine import Power, is_card, read_card, read_power, read_temperature_c
from hub.wear import heat_level
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.signin import needs

bp = Blueprint("power", __name__)


@bp.get("/tech/power")
@needs("admin")
def show() -> Response:
    """How the machine is, and what may be done to it."""
    return _show()


@fresh_page
def _show() -> str:
    paths, now = this_portal().paths, datetime.now(UTC)
    try:
        floor = read_floor(paths.trust)
    except LocalError:
        floor = BUILT_AT
    local = now.astimezone()
    temperature_c = read_temperature_c()
    return render_template(
        "tech/power.html",
        now=now,
        date_now=f"{local:%Y-%m-%d}",
        time_now=f"{local:%H:%M}",
        zone=f"{local:%Z}",
        is_known=is_known(now, floor),
        temperature_c=temperature_c,
        heat=heat_level(temperature_c).word if temperature_c is not None else "",
        power=read_power() or _read_sensor(),
        card=read_card(paths.dir),
        is_card=is_card(),
    )


def _read_sensor() -> Power | None:
    """Return what the kernel's own sensor of the supply says, where the firmware says nothing."""
    return Power(frozenset(), frozenset({"under_voltage"})) if is_under_voltage(Hardware()) else None
