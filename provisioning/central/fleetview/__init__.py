"""How each school is, for the office: what was heard, what is wrong, what to do. See docs/adr/0024.

alert    one thing that somebody should know, as text with places
rhythm   how often a school is heard from, and from when on its silence is odd
signs    what is wrong with the machine, by its reports; `findings` has its words
view     one school with all of it; `fleet` reads all of them, the worst first
school   one school with its history
month    the numbers of a month
mutes    alerts that people have taken note of
central  what is wrong in the office itself
csvtext  tables for spreadsheets
"""

from provisioning.central.fleetview.alert import Alert, Level
from provisioning.central.fleetview.fleet import read_fleet
from provisioning.central.fleetview.view import SchoolView, State

__all__ = ["Alert", "Level", "SchoolView", "State", "read_fleet"]
