"""The sample's lists: who the people of its attempts are, in each system and over all systems.

Belongs here: names, numbers, addresses, marks, voice calls and queues that agree with the ids and numbers of the attempts;
what the organization itself knows. Does not belong here: the attempts (`landing.py`), and a population to measure a match
by (`population.py`).

What the lists tell: people on several systems, some under a nickname, without an accent or with their numbers typed
otherwise; households with one landline; numbers that moved to somebody else, and are dialled there; marks in one system
and calls in another; places that the number does not tell. Nothing in a list is later than the attempts.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tests.simulation.containers import Folder, chunks, csv_text, iso, millis, spaced
from tests.simulation.dialer import (
    DAY,
    FIRST_NAMES,
    HOUR,
    LAST_NAMES,
    MILLISECOND,
    MINUTE,
    SECOND,
    Call,
    Dice,
    Log,
    Target,
    identifier,
    moment,
    phone,
)

Row = dict[str, Any]

CLOSED = moment("2026-10-29T18:00:00")
"""When the lists were last kept: no row of a list is later."""

LISTED_FIRST_NAMES = (
    "Robert Elizabeth William Margaret Katherine Thomas Patricia Michael Susan Daniel Benjamin Rebecca James Deborah"
).split()
SHORT = {
    "Robert": "Bob",
    "Elizabeth": "Liz",
    "William": "Bill",
    "Margaret": "Peggy",
    "Katherine": "Kate",
    "Thomas": "Tom",
    "Patricia": "Patty",
    "Michael": "Mike",
    "Susan": "Sue",
    "Daniel": "Dan",
    "Benjamin": "Ben",
    "Rebecca": "Becky",
    "James": "Jim",
    "Deborah": "Debbie",
}
LONG = {short: full for full, short in SHORT.items()}

ZONES = {
    "America/New_York": (
        "NJ 201 551|CT 203|ME 207|NY 212 315 347 516|PA 215 267 272 412 484 570|MD 240 301 410 443|OH 330 419 440 567|"
        "MA 339 351 413|RI 401|FL 407 561|VA 434 540|GA 470 478|KY 502|TN 423"
    ),
    "America/Chicago": "AL 205|IL 217 224 309 312|IN 219|KY 270|OK 405|WI 414|MN 507|TX 512",
    "America/Denver": "CO 303",
    "America/Los_Angeles": "CA 209 530 559|WA 253 360|OR 503",
}
PLACES = {
    area: (line.split()[0], zone)
    for zone, lines in ZONES.items()
    for line in lines.split("|")
    for area in line.split()[1:]
}
"""Area code → a state and a time zone of it. An address may say otherwise."""

STREETS = ("Maple Court", "North Avenue", "Canal Street", "Ferry Road", "Hill Lane", "Station Road")


@dataclass(slots=True)
class Someone:
    """A person as one list has them."""

    first: str
    last: str
    phones: list[str] = field(default_factory=list)
    email: str | None = None
    member: str | None = None


def bare(text: str) -> str:
    """The text without accents."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("ø", "o")


def typed(dice: Dice, number: str) -> str:
    """A number as people type it."""
    if not number.startswith("+1"):
        return dice.pick((number, "00" + number[1:], f"{number[:3]} {number[3:7]} {number[7:]}"))
    area, middle, end = number[2:5], number[5:8], number[8:]
    return dice.pick(
        (
            f"({area}) {middle}-{end}",
            f"{area}-{middle}-{end}",
            f"{area}.{middle}.{end}",
            f"1 {area} {middle} {end}",
            f"{area}{middle}{end}",
            number,
        )
    )


def place_of(number: str | None) -> tuple[str, str, str]:
    """State, country and time zone that a number suggests."""
    if number is not None and number.startswith("+44"):
        return "England", "GB", "Europe/London"
    state, zone = PLACES.get((number or "+1212")[2:5], ("NY", "America/New_York"))
    return state, "US", zone


class _People:
    """Everybody of the sample, list after list; a later list knows some of the earlier ones."""

    def __init__(self, seed: str, log: Log) -> None:
        self.dice = Dice(seed, "people")
        self.dialled: list[tuple[Target, Someone]] = []
        self.at: dict[str, list[Someone]] = defaultdict(list)
        for target in log.targets:
            numbers = [place["target"] for place in target.destinations if place is not None]
            first, _, last = target.name.partition(" ")
            if not first:  # a list of bare numbers: somebody has them all the same
                first, last = self.dice.pick(FIRST_NAMES), self.dice.pick(LAST_NAMES)
            one = Someone(first, last, numbers)
            self.dialled.append((target, one))
            for number in numbers:
                self.at[number].append(one)
        self.prospects: dict[int, Someone] = {}
        self.entities: dict[int, Someone] = {}
        self.contacts: dict[int, Someone] = {}
        self.moved: set[int] = set()

    def anybody(self) -> Someone:
        """Somebody whom no other list has."""
        first = self.dice.pick(LISTED_FIRST_NAMES if self.dice.chance(0.4) else FIRST_NAMES)
        return Someone(first, self.dice.pick(LAST_NAMES))

    def again(self, one: Someone) -> Someone:
        """The same person as another clerk writes them down."""
        first, last = one.first, one.last
        if self.dice.chance(0.4):
            first = SHORT.get(first, LONG.get(first, first))
        if self.dice.chance(0.5):
            first, last = bare(first), bare(last)
        return Someone(first, last, list(one.phones), one.email, one.member)

    def related(self, one: Someone) -> Someone:
        """Somebody else of the same household: another first name, one landline."""
        other = self.anybody()
        while (
            bare(other.first) == bare(one.first) or SHORT.get(other.first, LONG.get(other.first)) == one.first
        ):
            other = self.anybody()
        return Someone(other.first, one.last, one.phones[:1])

    def address(self, one: Someone, number: int) -> str:
        """A new e-mail address."""
        plain = "".join(
            letter for letter in bare(f"{one.first}.{one.last}").lower() if letter.isalpha() or letter == "."
        )
        return f"{plain}{number}@example.com"


# ------------------------------------------------------------------------------------------------------- Outreach


def _name_prospects(people: _People, numbers: Mapping[int, str]) -> None:
    """Give each prospect a name. The number is that of its calls: some of them are on the dialer's lists, too."""
    dice = people.dice
    for prospect, number in sorted(numbers.items()):
        known = people.at.get(number)
        fate = dice.roll()
        if known and fate < 0.6:
            one = people.again(known[0])
        elif known and fate < 0.8:
            one = people.related(known[0])
        else:
            one = people.anybody()
        one.phones = [number]
        if known and fate >= 0.8 and not number.startswith("+44"):
            people.moved.add(prospect)
            one.phones.append(phone(dice))
        if dice.chance(0.8):
            one.email = people.address(one, prospect)
        if dice.chance(0.3):
            one.member = f"M-{prospect * 7}"
        people.prospects[prospect] = one
    people.prospects[2_001].first = "Ines"


@dataclass(slots=True)
class _Said:
    """What a prospect's row says about being contacted."""

    status: str | None = None
    at: int | None = None
    number_status: str = "good"
    number_at: int | None = None


def _said(people: _People, calls: Sequence[Row], log: Log) -> dict[int, _Said]:
    """What prospects said, after the calls in which they said it; and some who said it to nobody in particular."""
    dice = people.dice
    said: dict[int, _Said] = defaultdict(_Said)
    last_call: dict[int, int] = {}
    asked: list[int] = []
    for row in sorted(calls, key=lambda row: (row["createdAt"], row["id"])):
        prospect = row["prospect"]
        last_call[prospect] = row["updatedAt"]
        if row["callDisposition"] == 15:
            asked.append(prospect)
            said[prospect] = _Said("opted_out", row["updatedAt"] + MINUTE)
        elif row["callDisposition"] == 9 and dice.chance(0.85):
            said[prospect].number_status, said[prospect].number_at = "bad", row["updatedAt"] + 2 * MINUTE
    for prospect in asked[-2:]:  # the disposition alone says it
        said[prospect] = _Said()
    for prospect in asked[:2]:  # they came back
        said[prospect] = _Said("opted_in", min(said[prospect].at or 0, CLOSED - 5 * DAY) + 4 * DAY)
    for prospect in sorted(people.moved):
        said[prospect].number_status = "bad"
        said[prospect].number_at = min(last_call[prospect] + HOUR, CLOSED)
    dialled_late = {
        call.destination["target"]
        for call in log.calls
        if call.destination is not None and call.tm_create > moment("2026-10-19T00:00:00")
    }
    quiet = [
        prospect
        for prospect, one in sorted(people.prospects.items())
        if prospect not in said
        and one.phones[0] in dialled_late
        and last_call[prospect] < moment("2026-10-18T00:00:00")
    ]
    for prospect in quiet[:8]:  # they wrote an e-mail, and only Outreach learned of it
        said[prospect] = _Said("opted_out", moment("2026-10-18T10:00:00") + dice.between(0, 5 * HOUR))
    rest = [prospect for prospect in sorted(people.prospects) if prospect not in said]
    for prospect in dice.sample(rest, 40):
        said[prospect] = _Said("opted_in", moment("2026-09-20T09:00:00") + dice.between(0, 10 * DAY))
    return said


def _outreach(folder: Folder, people: _People, calls: Sequence[Row], log: Log) -> None:
    dice = people.dice
    numbers: dict[int, str] = {}
    for row in calls:
        numbers.setdefault(row["prospect"], row["to"] or row["from"])
    _name_prospects(people, numbers)
    said = _said(people, calls, log)
    resources: list[Row] = []
    phones: list[Row] = []
    emails: list[Row] = []
    for prospect, one in people.prospects.items():
        what = said.get(prospect, _Said())
        created = moment("2026-09-14T09:00:00") + dice.between(0, 14 * DAY)
        state, country, zone = place_of(one.phones[-1])
        basis = dice.weighted([("stated", 0.35), ("inferred", 0.25), (None, 0.4)])
        if dice.chance(0.06) and country == "US":  # a number of the east, a home in the west
            state, zone, basis = "CA", "America/Los_Angeles", "stated"
        old = one.phones[0] if prospect in people.moved else None
        attributes: Row = {
            "addressCity": None,
            "addressCountry": country if dice.chance(0.7) else None,
            "addressState": state if dice.chance(0.6) else None,
            "addressZip": None,
            "callOptedOut": what.status == "opted_out",
            "callsOptStatus": what.status,
            "callsOptedAt": iso(what.at),
            "createdAt": iso(created),
            "emails": [] if one.email is None else [one.email],
            "emailsOptStatus": None,
            "emailsOptedAt": None,
            "externalId": one.member,
            "firstName": one.first,
            "homePhones": [],
            "lastName": one.last,
            "mobilePhones": [] if old is None else [one.phones[-1]],
            "optedOut": False,
            "optedOutAt": None,
            "otherPhones": [] if old is None else [old],
            "timeZone": None if basis is None else zone,
            "timeZoneIana": None if basis is None else zone,
            "timeZoneInferred": basis == "inferred",
            "title": dice.pick((None, "Manager", "Owner", "Director")),
            "trashedAt": None,
            "updatedAt": iso(max(created, what.at or 0, what.number_at or 0)),
            "voipPhones": [],
            "workPhones": [typed(dice, one.phones[0])] if old is None else [],
        }
        if one.email is not None and dice.chance(0.04):
            at = moment("2026-10-12T08:00:00") + dice.between(0, 10 * DAY)
            attributes |= {
                "emailsOptStatus": "opted_out",
                "emailsOptedAt": iso(at),
                "updatedAt": iso(max(at, created, what.at or 0, what.number_at or 0)),
            }
        resources.append(_resource("prospect", prospect, attributes))
        for place, value in enumerate(one.phones):
            is_called = place == 0
            kind = "mobile" if not is_called else "work" if old is None else "other"
            phones.append(
                _resource(
                    "phoneNumber",
                    (30_000 if is_called else 60_000) + prospect,
                    {
                        "countryCode": "GB" if value.startswith("+44") else "US",
                        "number": value,
                        "phoneType": kind,
                        "rawNumber": typed(dice, value),
                        "status": what.number_status if is_called else "good",
                        "statusChangedAt": iso((what.number_at if is_called else None) or created),
                    },
                    {"prospect": prospect},
                )
            )
        if one.email is not None:
            bounced = dice.chance(0.03)
            emails.append(
                {
                    "id": 80_000 + prospect,
                    "email": one.email,
                    "status": "bounced" if bounced else "valid",
                    "status_changed_at": iso(created + 12 * DAY if bounced else created),
                    "unsubscribed_at": attributes["emailsOptedAt"],
                    "prospect_id": prospect,
                }
            )
    base = "outreach/prospects/2026-10-29"
    pages = chunks(resources, 200)
    for number, page in enumerate(pages, 1):
        document: Row = {"data": page}
        if number < len(pages):
            document["links"] = {
                "next": f"https://api.outreach.example.com/api/v2/prospects?page[offset]={number * 200}"
            }
        folder.json(f"{base}/page-{number}.json.gz", document)
    folder.lines("outreach/phone_numbers/2026-10-29.jsonl.gz", phones)
    folder.csv("outreach/email_addresses/2026-10-29.csv.gz", list(emails[0]), emails)
    users = ("Sam Okafor", "Ruth Ito", "Pavel Novak", "Inge Moe", "Lucía Prado", "Abdi Warsame")
    folder.json(
        "outreach/users/users.json",
        {
            "data": [
                _resource("user", number, dict(zip(("firstName", "lastName"), name.split(), strict=True)))
                for number, name in enumerate(users, 1)
            ]
        },
        1,
    )


def _resource(kind: str, number: int, attributes: Row, relations: Mapping[str, int] | None = None) -> Row:
    related = {name: {"data": {"type": name, "id": other}} for name, other in (relations or {}).items()}
    return {"type": kind, "id": number, "attributes": attributes, "relationships": related}


# --------------------------------------------------------------------------------------------------- Action Builder


def _name_entities(people: _People, entities: Sequence[int]) -> None:
    """Give each entity a name and a number. Some are on the dialer's lists or in Outreach, some live with who is."""
    dice = people.dice
    prospects = sorted(people.prospects)
    for entity in entities:
        fate = dice.roll()
        if fate < 0.20:
            one = people.again(dice.pick(people.dialled)[1])
        elif fate < 0.26:
            one = people.related(dice.pick(people.dialled)[1])
        elif fate < 0.36:
            one = people.again(people.prospects[dice.pick(prospects)])
            one.phones = one.phones[-1:]
            if dice.chance(0.4):  # only the address is the same
                one.phones = [phone(dice)]
        else:
            one = people.anybody()
        if not one.phones:
            one.phones = [phone(dice)]
        if one.email is None and dice.chance(0.5):
            one.email = people.address(one, entity)
        people.entities[entity] = one


def _action_builder(folder: Folder, people: _People, attempts: Sequence[Row]) -> None:
    dice = people.dice
    _name_entities(people, sorted({row["entity_id"] for row in attempts}))
    marked: dict[tuple[str, int], tuple[str, int]] = {}
    used: set[tuple[str, int]] = set()
    for row in sorted(attempts, key=lambda row: (row["updated_at"], row["id"])):
        info = (row["contact_info_type"], row["contact_info_id"])
        if info[0] is None:
            continue
        used.add(info)
        if row["disposition"] in (2, 4) and row["updated_at"] <= CLOSED:
            marked[info] = ("bad" if row["disposition"] == 2 else "do_not_contact", row["updated_at"])

    rows: dict[str, list[Row]] = defaultdict(list)

    def add(table: str, kind: str, number: int, entity: int, created: int, values: Row) -> None:
        plain = (dice.pick(("verified", "user_added", "user_added")), created + dice.between(0, DAY))
        status, changed = marked.get((kind, number), plain)
        rows[table].append(
            {
                "id": number,
                **values,
                "status": status,
                "owner_id": entity,
                "owner_type": "Entity",
                "created_at": spaced(created),
                "updated_at": spaced(changed),
            }
        )

    for entity, one in people.entities.items():
        created = moment("2024-01-02T12:00:00" if entity < 41_000 else "2026-09-01T12:00:00") + dice.between(
            0, 5 * DAY
        )
        rows["entities"].append(
            {
                "id": entity,
                "interact_id": identifier("interact", entity),
                "first_name": one.first,
                "middle_name": None,
                "last_name": one.last,
                "custom_id": one.member,
                "created_at": spaced(created),
                "updated_at": spaced(created),
            }
        )
        numbers = one.phones[:2] if dice.chance(0.3) else one.phones[:1]
        for place, number in zip((4, 6), numbers, strict=False):
            if place == 6 or ("PhoneNumber", entity * 10 + 4) in used or dice.chance(0.9):
                values = {
                    "number": typed(dice, number),
                    "ext": None,
                    "number_type": dice.pick(("mobile", "home", None)),
                }
                add("phone_numbers", "PhoneNumber", entity * 10 + place, entity, created, values)
        if one.email is not None or ("Email", entity * 10 + 5) in used:
            one.email = one.email or people.address(one, entity)
            add("emails", "Email", entity * 10 + 5, entity, created, {"email": one.email})
        if ("Address", entity * 10) in used or dice.chance(0.5):
            state, country, zone = place_of(one.phones[0])
            if dice.chance(0.08) and country == "US":
                state, zone = "OR", "America/Los_Angeles"
            values = {
                "street_address": f"{dice.between(1, 99)} {dice.pick(STREETS)}",
                "city": "Springfield",
                "state": state,
                "postal_code": None,
                "country": country,
                "timezone": zone if dice.chance(0.8) else None,
            }
            add("addresses", "Address", entity * 10, entity, created, values)

    base = "action_builder"
    folder.csv(f"{base}/entities/2026-10-29.csv.gz", list(rows["entities"][0]), rows["entities"])
    numbers_frame = pl.DataFrame(
        rows["phone_numbers"], infer_schema_length=None, schema_overrides={"ext": pl.String}
    )
    folder.frame(f"{base}/phone_numbers/part-0.parquet", numbers_frame)
    folder.write(
        f"{base}/emails/emails.csv.gz",
        ("\ufeff" + csv_text(list(rows["emails"][0]), rows["emails"], "\r\n")).encode(),
    )
    addresses = pl.DataFrame(
        rows["addresses"], infer_schema_length=None, schema_overrides={"postal_code": pl.String}
    )
    folder.frame(f"{base}/addresses/addresses.csv.zst", addresses)
    users = [
        {"id": 900 + number, "first_name": dice.pick(FIRST_NAMES), "last_name": dice.pick(LAST_NAMES)}
        for number in range(1, 15)
    ]
    folder.csv(f"{base}/users/users.csv", list(users[0]), users)


# --------------------------------------------------------------------------------------------------------- LionDesk


def _liondesk(folder: Folder, people: _People, contacts: Sequence[int]) -> None:
    dice = people.dice
    tags = ("Buyer", "Seller", "Past client", "Open house", "Sphere")
    rows: list[Row] = []
    for contact in contacts:
        fate = dice.roll()
        if fate < 0.35:
            one = people.again(people.prospects[dice.pick(sorted(people.prospects))])
        elif fate < 0.50:
            one = people.again(people.entities[dice.pick(sorted(people.entities))])
        elif fate < 0.60:
            one = people.again(dice.pick(people.dialled)[1])
        else:
            one = people.anybody()
            one.phones = [phone(dice)]
            one.email = people.address(one, contact) if dice.chance(0.7) else None
        people.contacts[contact] = one
        written = [typed(dice, number) for number in one.phones[:2]]
        created = moment("2026-09-21T15:00:00") + dice.between(0, 7 * DAY)
        mine = dice.sample(tags, dice.between(0, 2))
        mine += {112: ["Do Not Call"], 119: ["opted-out"], 128: ["DNC"], 147: ["Do Not Call"]}.get(
            contact, []
        )
        rows.append(
            {
                "id": contact,
                "first_name": one.first,
                "last_name": one.last,
                "email": "office@example.com"
                if contact in (130, 131)
                else one.email
                if dice.chance(0.85)
                else None,
                "mobile_phone": written[0],
                "home_phone": written[1] if len(written) > 1 else "",
                "office_phone": "ask at the desk" if contact == 140 else "",
                "company": "",
                "spouse_first_name": dice.pick(FIRST_NAMES) if dice.chance(0.2) else "",
                "spouse_phone": typed(dice, phone(dice)) if dice.chance(0.1) else "",
                "tags": mine,
                "created_at": millis(created),
                "modified_at": millis(created + dice.between(0, 20 * DAY)),
            }
        )
    for number, page in enumerate(chunks(rows, 30)):
        document = {"total": len(rows), "limit": 30, "skip": number * 30, "data": list(page)}
        folder.json(f"liondesk/contacts/page-{number + 1}.json", document)


# ---------------------------------------------------------------------------------------------------------- VoIPBIN


def _voice_call(dice: Dice, call: Call, end: int) -> Row:
    """The voice call of a campaigncall, as it stands at the end of the log."""
    began = min(call.tm_create + dice.between(2, 40) * MILLISECOND, end)
    ended = call.ended_at
    lasted = None if ended is None else ended - call.tm_create
    reason = by = None
    if lasted is not None:
        by = dice.pick(("remote", "remote", "local"))
        if call.result == "success":
            reason = "normal"
        elif call.answered_at is not None:
            reason, by = "amd", "local"
        elif lasted < 2 * SECOND:
            reason, by = "failed", "remote"
        elif lasted < 8 * SECOND:
            reason, by = "busy", "remote"
        else:
            reason, by = dice.weighted([(("dialout", "local"), 0.7), (("noanswer", "remote"), 0.3)])
    rang = None if reason == "failed" else began + dice.between(300, 900) * MILLISECOND
    if rang is not None and ended is not None:
        rang = min(rang, ended)
    if rang is not None and rang > end:
        rang = None
    answered = call.answered_at if call.answered_at is not None and call.answered_at <= end else None
    return {
        "id": identifier("reference", call.id),
        "status": "hangup"
        if ended is not None
        else "progressing"
        if answered is not None
        else "ringing"
        if rang
        else "dialing",
        "hangup_by": by,
        "hangup_reason": reason,
        "source": call.source,
        "destination": call.destination,
        "tm_ringing": rang,
        "tm_progressing": answered,
        "tm_hangup": None if ended is None else max(ended, began),
        "tm_create": began,
        "tm_update": max(value for value in (ended, answered, rang, began) if value is not None),
    }


def _stay(dice: Dice, call: Call) -> Row | None:
    """The stay of an answered call in its campaign's queue; None if the call has none, or was open at the end."""
    if call.answered_at is None or call.ended_at is None or call.queue_id is None or call.result != "success":
        return None
    talked = call.ended_at - call.answered_at
    began = call.answered_at + dice.between(50, 400) * MILLISECOND
    waited = dice.skewed(SECOND, 45 * SECOND)
    is_gone = began + waited >= call.ended_at - SECOND
    if is_gone:
        waited = max(call.ended_at - began, 0)
    service = None if is_gone else began + waited
    if talked <= 0 or began >= call.ended_at:
        return None
    return {
        "id": identifier("queuecall", call.id),
        "reference_type": "call",
        "reference_id": identifier("reference", call.id),
        "status": "abandoned" if is_gone else "done",
        "service_agent_id": None if is_gone else identifier("agent", dice.between(1, 6)),
        "duration_waiting": waited // MILLISECOND,
        "duration_service": 0 if service is None else (call.ended_at - service) // MILLISECOND,
        "tm_create": began,
        "tm_service": service,
        "tm_update": call.ended_at,
        "tm_delete": None,
    }


def _times(row: Row, unset: str | None) -> Row:
    """The row with its times as VoIPBIN writes them; an unset one as `unset`, or left out."""
    written: Row = {}
    for name, value in row.items():
        if not name.startswith("tm_"):
            written[name] = value
        elif value is not None:
            written[name] = iso(value)
        elif unset is not None:
            written[name] = unset
    return written


def _voipbin(folder: Folder, people: _People, log: Log) -> None:
    """Voice calls and queues since the export was set up, a week into the log."""
    dice = Dice("voice", len(log.calls))
    since = moment("2026-10-12T00:00:00")
    calls = [call for call in log.calls if call.has_reference and call.tm_create >= since]
    # Nothing in a list is later than the attempts, so that these say until when the source is known.
    end = max(max(call.tm_create, call.tm_update or 0) for call in log.calls) - MILLISECOND
    voice = [_times(_voice_call(dice, call, end), None) for call in calls]
    half = len(voice) // 2
    folder.lines("voipbin/calls/2026-10-20.ndjson.gz", voice[:half])
    for number, page in enumerate(chunks(voice[half:][::-1], 400), 1):
        folder.json(
            f"voipbin/calls/2026-10-30/page-{number:02d}.json.gz",
            {"result": list(page), "next_page_token": page[-1]["tm_create"]},
        )
    stays = [_times(row, "9999-01-01T00:00:00Z") for call in calls if (row := _stay(dice, call)) is not None]
    flat = [{name: "" if value is None else value for name, value in row.items()} for row in stays]
    folder.csv("voipbin/queuecalls/2026-10-30.csv.gz", list(flat[0]), flat)


# --------------------------------------------------------------------------------------------------------- the house


def _house(folder: Folder, people: _People, log: Log) -> None:
    """What the organization itself knows: whom not to contact, who is who, and what its campaigns are for."""
    dice = people.dice
    numbers = [one.phones[0] for _, one in people.dialled[:300] if one.phones]
    chosen = dice.sample(numbers, 5)
    reasons = (
        "asked at the office",
        "letter of 9 October",
        "asked at the door",
        "asked by letter",
        "asked by e-mail",
    )
    lines: list[Row] = [
        {
            "kind": "phone",
            "value": typed(dice, number),
            "channel": channel,
            "reason": reason,
            "since": "2026-10-09",
            "until": until,
        }
        for number, reason, channel, until in zip(
            chosen,
            reasons,
            ("phone", None, None, "text", "phone"),
            (None, None, None, None, "2026-10-20"),
            strict=True,
        )
    ]
    with_email = [one.email for one in people.entities.values() if one.email is not None]
    lines.append(
        {
            "kind": "email",
            "value": dice.pick(with_email).upper(),
            "channel": "email",
            "reason": "bounced twice",
            "since": None,
            "until": None,
        }
    )
    lines.append(
        {
            "kind": "address",
            "value": "410000",
            "channel": "door",
            "reason": "dog",
            "since": "2026-10-01",
            "until": None,
        }
    )
    folder.csv("house/suppressions/suppressions.csv", list(lines[0]), lines)

    # The office knows these from letters: names and numbers alone would not join them, or would join too many.
    targets = [target.id for target, one in people.dialled if one.phones]
    known = [
        ("Ward secretary", (("voipbin", targets[3]), ("outreach", "2017"), ("action_builder", "41003"))),
        ("Clinic coordinator", (("voipbin", targets[210]), ("voipbin", targets[520]))),
        ("Maple Court 7", (("action_builder", "42007"), ("liondesk", "126"))),
        ("Treasurer", (("outreach", "2120"), ("liondesk", "118"))),
    ]
    folder.lines(
        "house/people/people.jsonl",
        [
            {"source": source, "target_id": target, "person": person}
            for person, of_person in known
            for source, target in of_person
        ],
    )
    # Two sequences, three campaigns and a drip are declared by nobody: they are not judged by law rows.
    purposes = [
        ("voipbin", "Autumn turnout%", "political", "unknown", "turnout"),
        ("voipbin", "Final weekend%", "political", "unknown", "turnout"),
        ("voipbin", "Member renewals%", "fundraising", "yes", "renewal"),
        ("outreach", "Q4 renewals%", "solicitation", "no", "renewal"),
        ("outreach", "Re-engage closed-lost", "solicitation", "no", "win back"),
        ("outreach", "Inbound demo requests%", "b2b", "yes", "demo"),
        ("action_builder", "Fall turnout%", "organizing", "unknown", "turnout"),
        ("action_builder", "Contract vote%", "organizing", "yes", "ratification"),
    ]
    columns = ("source", "campaign", "purpose", "consent", "subject", "since", "until")
    folder.csv(
        "purposes.csv", columns, [dict(zip(columns, (*line, None, None), strict=True)) for line in purposes]
    )


def write_lists(
    folder: Folder,
    seed: str,
    log: Log,
    calls: Sequence[Row],
    attempts: Sequence[Row],
    contacts: Sequence[int],
) -> None:
    """Write the lists of all systems and of the organization.

    `calls` are Outreach's and `attempts` Action Builder's, each in its last version; `contacts` are ids of LionDesk.
    """
    people = _People(seed, log)
    _outreach(folder, people, calls, log)
    _action_builder(folder, people, attempts)
    _liondesk(folder, people, contacts)
    _voipbin(folder, people, log)
    _house(folder, people, log)
