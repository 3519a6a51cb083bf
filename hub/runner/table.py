"""Which function does which job: the whole of what the portal can make root do."""

from collections.abc import Mapping

from hub.runner import carrying, content, power, school, support
from hub.runner.task import Work

TABLE: Mapping[str, Work] = {
    "sync": content.sync,
    "sync-from": carrying.sync_from,
    "eject": carrying.eject,
    "backup": carrying.back_up,
    "restore": carrying.restore,
    "set-time": power.set_time,
    "restart": power.restart,
    "power-off": power.power_off,
    "wifi": school.set_wifi,
    "sync-limits": content.set_limits,
    "rollback": content.roll_back,
    "follow": content.follow,
    "repair": content.repair,
    "check-again": content.check_again,
    "support-file": support.make_support_file,
    "school-config": school.set_school,
}
