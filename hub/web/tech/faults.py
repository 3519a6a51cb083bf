"""Why a job did not work, in the technician's own words: by the code of the error, which is for machines."""

from collections.abc import Mapping

from hub.wording import later

Words = tuple[str, str]  # what happened, and what to do; English, as `later` marks it

_NO_WAY: Words = (
    later("The office cannot be reached now."),
    later("Look whether the cable, modem or phone has Internet. The hub also tries again by itself."),
)
_DAMAGED: Words = (
    later("What came is damaged or incomplete; none of it is shown to the class."),
    later("Ask for it again. If it stays so, take another stick, or tell the office."),
)
_STRANGE: Words = (
    later("What came is not what this hub's office signed; none of it is shown to the class."),
    later("Tell the office, and where the stick came from."),
)
_UNKNOWN: Words = (
    later("The office and this hub do not recognise each other."),
    later("Tell the office; lessons that are here go on working."),
)
FAULTS: Mapping[str, Words] = {
    **dict.fromkeys(("link", "link-down", "link-timeout"), _NO_WAY),
    "depot-busy": (later("The office is busy."), later("Ask for it again in some minutes.")),
    **dict.fromkeys(("bad-data", "bad-index", "hash-mismatch", "not-found", "unknown-format"), _DAMAGED),
    **dict.fromkeys(("bad-signature", "version-rollback"), _STRANGE),
    **dict.fromkeys(("identity", "host-key-changed", "hub-key-refused"), _UNKNOWN),
    "disk-full": (
        later("There is no room for it."),
        later("Take another stick, or ask the office to take a pack away from this hub."),
    ),
    "read-only-disk": (
        later("The card or the stick cannot be written."),
        later("Take another stick. If it is the hub's own card, restart the hub, then tell the office."),
    ),
    "busy": (
        later("Something else is at it already."),
        later("Wait until that has ended, then ask for it again."),
    ),
    "not-a-card": (
        later("Only a hub that was started from its card can do that."),
        later("On this computer, do it as its user."),
    ),
}
