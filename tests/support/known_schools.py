"""What is known of a school, for tests of the rules."""

from datetime import timedelta

from hub.events import Event, HealthBody, body_of
from provisioning.central.fleet import Hub
from provisioning.central.fleetview.known import Known
from provisioning.central.reports import Heard
from support.office import NOW

DAY = timedelta(days=1)
HUB = Hub("h-1", "Кваси", "pilot", "key", (NOW - 90 * DAY).isoformat())
DAILY = tuple(NOW - n * DAY for n in range(20))
HEALTH = HealthBody(60 * 10**9, 64 * 10**9, 3600, NOW.isoformat(), NOW.isoformat(), "1.0.0", 3)


def heard(body, *, at=NOW):
    event = Event("20261123120000-0123456789abcdef", 1, "0f", at.isoformat(), body.KIND, body_of(body))
    return {body.KIND: Heard(event, at.isoformat())}


def known(*, contacts=DAILY, packs=(), newest=None, hub=HUB, **more):
    newest = heard(HEALTH) if newest is None else newest
    return Known(hub, tuple(packs), newest, contacts=contacts, **{"via": "link", **more})
