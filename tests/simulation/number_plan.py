"""Where a telephone number is from: makes ``data/number_plan.csv`` from libphonenumber's data, corrected.

Belongs here: what is taken from the library, and where it is wrong for us. Does not belong here: numbers of people, and
how the ledger uses the file (``sql/core``).

The library is no dependency of the project: the file is made when the library has a new plan. Run it in an environment
of its own, from the project's folder::

    uv run --no-project --with phonenumbers --with tzdata python -m tests.simulation.number_plan

One line is one prefix, without a plus; the longest one that a number begins with counts. ``country`` is its ISO code;
blank for numbers that are nowhere (toll-free, premium, personal). ``region`` is the state or province of a North
American area code; blank where the code has several. ``zones`` are one time zone for each clock that is in use there.
An area code with two clocks has both, although the library often knows more exactly where its exchanges are: numbers
are carried along, and a wrong accusation is worse than none.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

COLUMNS = ("prefix", "country", "region", "zones")

_CHICAGO, _DENVER, _NEW_YORK, _PACIFIC = (
    "America/Chicago",
    "America/Denver",
    "America/New_York",
    "America/Los_Angeles",
)
_EAST = (_NEW_YORK, _CHICAGO)
_PLAINS = (_CHICAGO, _DENVER)
_COLUMBIA = ("America/Vancouver", "America/Edmonton", "America/Fort_Nelson")

TWO_CLOCKS: Mapping[str, tuple[str, ...]] = {
    "208": ("America/Boise", _PACIFIC),
    "219": (_CHICAGO, _NEW_YORK),
    "250": _COLUMBIA,
    "270": (_CHICAGO, _NEW_YORK),
    "308": _PLAINS,
    "418": ("America/Toronto", "America/Halifax"),
    "423": _EAST,
    "541": (_PACIFIC, "America/Boise"),
    "574": _EAST,
    "605": _PLAINS,
    "606": _EAST,
    "620": _PLAINS,
    "701": _PLAINS,
    "709": ("America/St_Johns", "America/Goose_Bay"),
    "775": (_PACIFIC, _DENVER),
    "785": _PLAINS,
    "807": ("America/Toronto", "America/Winnipeg"),
    "812": _EAST,
    "850": _EAST,
    "867": ("America/Whitehorse", "America/Edmonton", "America/Rankin_Inlet", "America/Iqaluit"),
    "879": ("America/St_Johns", "America/Goose_Bay"),
    "906": _EAST,
    "907": ("America/Anchorage", "America/Adak"),
    "928": ("America/Phoenix", _DENVER),
    "986": ("America/Boise", _PACIFIC),
}
"""North American area codes with two clocks or more. The library has one clock for most of them."""

OVERLAYS: Mapping[str, str] = {
    "448": "850",
    "364": "270",
    "930": "812",
    "458": "541",
    "729": "423",
    "236": "250",
    "257": "250",
    "672": "250",
    "778": "250",
    "273": "418",
    "367": "418",
    "581": "418",
}
"""Area code → an older one of the same area, whose clocks it has."""

_CORRECTED: Mapping[str, tuple[str, ...]] = {
    "689": (_NEW_YORK,),  # Orlando, as 407
    "474": ("America/Regina",),  # Saskatchewan, as 306 and 639
}

_REGIONS: Mapping[str, str] = {
    "203": "CT",
    "310": "CA",
    "713": "TX",
    "718": "NY",
    "729": "TN",
    "905": "ON",
    "782": "",
    "902": "",
    "867": "",
}
"""Area code → its region, where the library does not say it, or where the code has several."""

_NAMES: Mapping[str, str] = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME",
    "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO",
    "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM",
    "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR",
    "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN",
    "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington D.C.": "DC", "Washington State": "WA",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
    "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB", "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL", "Ontario": "ON", "Quebec": "QC", "Saskatchewan": "SK",
}  # fmt: skip
"""The library's name of a state or province → its code."""

_WITHIN: Mapping[str, str] = {
    "76": "KZ",
    "77": "KZ",
    "441481": "GG",
    "441534": "JE",
    "441624": "IM",
    "3906698": "VA",
    "4779": "SJ",
    "262269": "YT",
    "262639": "YT",
    "5993": "BQ",
    "5994": "BQ",
    "5997": "BQ",
    "35818": "AX",
    "2125288": "EH",
    "2125289": "EH",
    "6189162": "CC",
    "6189164": "CX",
    "2908": "TA",
}
"""Prefix → the country that shares another one's calling code."""

_NO_LIST: Mapping[str, tuple[str, ...]] = {
    "XK": ("Europe/Belgrade",),
    "AC": ("Atlantic/St_Helena",),
    "TA": ("Atlantic/St_Helena",),
}
"""Countries that the time zone database does not list."""

_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)

Row = tuple[str, str, str, str]


def number_plan() -> list[Row]:
    """Return the lines of the file, by prefix. Needs the libraries ``phonenumbers`` and ``tzdata``."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
    from phonenumbers.tzdata import TIMEZONE_DATA

    plan: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if code == 1:
            plan["1"] = ("", "", ())
        else:
            country = "" if regions[0] == "001" else regions[0]
            plan[str(code)] = (country, "", _zones_of(country))
    for prefix, country in _WITHIN.items():
        plan[prefix] = (country, "", _zones_of(country))
    for prefix, given in sorted(TIMEZONE_DATA.items(), key=lambda pair: len(pair[0])):
        if prefix.startswith("1") or not _is_of_a_place(prefix):
            continue
        country, _, above = plan[_longest(prefix, plan)]
        clocks = {_clock(zone): zone for zone in _zones_of(country)}
        zones = tuple(sorted({clocks[_clock(zone)] for zone in given if _clock(zone) in clocks}))
        if zones and zones != tuple(sorted(above)):
            plan.setdefault(prefix, (country, "", zones))
    plan.update(_north_america())
    return [
        (prefix, country, region, " ".join(zones))
        for prefix, (country, region, zones) in sorted(plan.items())
    ]


def _north_america() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return each area code with its country, region and zones."""
    import phonenumbers as library
    from phonenumbers.geodata import GEOCODE_DATA
    from phonenumbers.tzdata import TIMEZONE_DATA

    kinds = library.PhoneNumberType
    nowhere = (kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.PERSONAL_NUMBER, kinds.VOIP)
    found: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for code in map(str, range(200, 1000)):
        number = library.parse(f"+1{code}2345678")
        country = library.region_code_for_number(number) or ("US" if code in OVERLAYS else None)
        if country is None:
            continue
        if library.number_type(number) in nowhere:
            found[f"1{code}"] = ("", "", ())
            continue
        name = GEOCODE_DATA.get(f"1{code}", {}).get("en", "").split(", ")[-1]
        region = _REGIONS.get(code, _NAMES.get(name, name)) if country in ("US", "CA") else ""
        zones = (
            _CORRECTED.get(code)
            or TWO_CLOCKS.get(OVERLAYS.get(code, code))
            or _listed(TIMEZONE_DATA.get(f"1{code}", ()))
        )
        if not zones:
            country = ""  # a number of no place, such as 600 in Canada
        found[f"1{code}"] = (country, region if zones else "", zones)
    return found


def _is_of_a_place(prefix: str) -> bool:
    """True if some number that begins so is of a place, as a landline is; mobile numbers are so in a few countries."""
    import phonenumbers as library

    for length in range(len(prefix) + 2, 15):
        for filler in ("2345678901234", "5555555555555", "0000000000000"):
            number = library.parse(f"+{prefix}{filler}"[: length + 1])
            if library.is_valid_number(number) and library.is_number_geographical(number):
                return True
    return False


def _longest(prefix: str, plan: Iterable[str]) -> str:
    return max((each for each in plan if prefix.startswith(each)), key=len)


@cache
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    """What tells two zones apart: the offset of each week."""
    place, weeks = ZoneInfo(zone), (_LAST - _FIRST).days // 7
    return tuple((_FIRST + timedelta(weeks=week)).astimezone(place).utcoffset() for week in range(weeks))


@cache
def _zone_list() -> dict[str, list[str]]:
    """The zones of each country, as the time zone database lists them."""
    found: dict[str, list[str]] = {}
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found


@cache
def _zones_of(country: str) -> tuple[str, ...]:
    """One zone of the country for each of its clocks: one that the library names, else the first that is listed."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    named = {zone for given in TIMEZONE_DATA.values() for zone in given}
    listed = [zone for zone in _zone_list().get(country, []) if not zone.startswith("Antarctica/")]
    clocks: dict[tuple[timedelta | None, ...], str] = {}
    for zone in sorted(_NO_LIST.get(country) or listed, key=lambda zone: zone not in named):
        clocks.setdefault(_clock(zone), zone)
    return tuple(sorted(clocks.values()))


def _listed(zones: Iterable[str]) -> tuple[str, ...]:
    """The zones, but none that the time zone database no longer lists by that name."""
    known = {zone for listed in _zone_list().values() for zone in listed}
    zones = tuple(zones)
    if unknown := [zone for zone in zones if zone not in known]:
        raise ValueError(f"zones that the time zone database does not list: {', '.join(unknown)}")
    return zones


def main(arguments: list[str]) -> int:
    """Write the file, and return the exit code."""
    path = Path(arguments[0]) if arguments else Path("data/number_plan.csv")
    rows = number_plan()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(f"{len(rows):,} prefixes in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
