"""One weapon of the story, from its maker to its recovery, as three agencies note it; and one that nobody is told of.

The numbers are spelled as each agency spells them: a weapon is matched over that.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clients.story.cast import ARMS, BUREAU, PARTNER

MAKE, SERIAL = "Taurus", "tkd480572"
COVERT_MAKE, COVERT_SERIAL = "Glock", "QZR771930"
CASE_NUMBER = "2016-XBE-7714205"
PURPOSE = "shooting at Harrow Quay, file 2024-XDU-0091837"
USE = "inquiry into the shooting at Harrow Quay"

_HEADER = "date;event;type;make;calibre;serial;country;case;note;covert"
_ROWS: Mapping[str, tuple[str, ...]] = {
    ARMS.id: (
        "2009-03-12;manufacture;pistol;Taurus;9 mm;TKD 480572;XAR;;;",
        "2010-06-01;export;pistol;Taurus;9 mm;TKD480572;XAR;;;",
    ),
    BUREAU.id: (
        "2010-07-20;receipt;pistol;Taurus;9 mm;TKD 480572;XBE;;;",
        "2011-01-15;issue_to_force;pistol;Forjas Taurus;9 mm;TKD-480572;XBE;;;",
        f"2016-09-02;theft;pistol;Taurus;9x19;TKD480572;XBE;{CASE_NUMBER};Kestrel Bridge armoury, Varrick held the key;",
        "2023-05-05;recovery;pistol;Glock;9 mm;QZR 771930;XBE;2023-XBE-1180346;in a controlled delivery;yes",
    ),
    PARTNER.id: ("2024-02-11;recovery;pistol;Taurus;9 mm;tkd-480572;XDU;2024-XDU-0091837;under the seat;",),
}
_FIELDS = """
[fields]
"item.kind" = { value = "small_arm" }
"item.type" = { column = "type" }
"item.make" = { column = "make" }
"item.calibre" = { column = "calibre" }
"item.serials" = { column = "serial" }
"event.date" = { column = "date" }
"event.country" = { column = "country" }
"case.case_number" = { column = "case" }
"case.circumstances" = { column = "note" }
"""
_MAP = f"""title = "One weapon"
[format]
dates = ["YYYY-MM-DD"]
{_FIELDS}
[[record]]
event = {{ column = "event" }}
when = [{{ column = "covert", present = false }}]

[[record]]
event = {{ column = "event" }}
when = [{{ column = "covert", present = true }}]
compartments = ["CT"]
"""


def write(folder: Path) -> Path:
    """Write each agency's list, `<id>.weapon.csv`; return the map that reads them all."""
    for agency, rows in _ROWS.items():
        (folder / f"{agency}.weapon.csv").write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8")
    path = folder / "weapon.map.toml"
    path.write_text(_MAP, encoding="utf-8")
    return path


def canaries() -> Iterator[str]:
    """Yield what must not be found on the service's side: numbers in each spelling, case texts, messages, purposes."""
    yield from (SERIAL, SERIAL.upper(), COVERT_SERIAL, PURPOSE, USE)
    for row in (row for rows in _ROWS.values() for row in rows):
        serial, case, note = (row.split(";")[at] for at in (5, 7, 8))
        yield from (serial, case, note)
