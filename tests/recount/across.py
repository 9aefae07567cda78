"""Contact rules over all systems: where each attempt went, what the clock showed there, what was counted and what was marked.

Belongs here: points in their normal form, clocks, hours, caps, waits after a contact, marks, and the reports on people,
one attempt after the other. Does not belong here: which targets are one person (that is given), and the text of rules,
purposes, holidays and the number plan (they are given too).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tests.recount.attempts import MEASURING, SOURCES, Attempt, History, attempts
from tests.recount.rates import hours_by
from tests.recount.rows import NEVER, Row, Rows, latest_moment, of_source

Verdict = Literal["breach", "unverifiable", "tolerated"]
GRAVITY: tuple[Verdict, ...] = ("breach", "unverifiable", "tolerated")
BONDS = ("same_point", "same_target", "matched_person")
BASES = ("address", "stated", "inferred")
PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
NORTH_AMERICA = frozenset(
    "US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI".split()
)


_INFO = {
    "PhoneNumber": ("action_builder_phone_numbers", "phone", "number"),
    "Email": ("action_builder_emails", "email", "email"),
    "Address": ("action_builder_addresses", "address", "id"),
}
"""Action Builder's type of contact info → its table, the point's kind, and the column that says it."""
_OWN_TABLES = (("outreach_phone_numbers", "phone", "number"), ("outreach_email_addresses", "email", "email"))
"""Outreach's tables of points: the table, the points' kind, and the column that says them."""
STATES = {
    "opted_out": "opted_out",
    "unsubscribed": "opted_out",
    "do_not_call": "do_not_contact",
    "do_not_contact": "do_not_contact",
    "bad": "bad_contact_info",
    "bounced": "bad_contact_info",
    "wrong_number": "bad_contact_info",
}
"""Words for the state of a number or an address in Outreach, as far as the tests use them → the mark that they are."""
TAGS: Mapping[str, tuple[str, frozenset[str] | None]] = {
    "do not call": ("do_not_contact", frozenset({"phone"})),
    "dnc": ("do_not_contact", frozenset({"phone"})),
    "do not contact": ("do_not_contact", None),
    "opted out": ("opted_out", None),
    "unsubscribed": ("opted_out", frozenset({"email", "text"})),
}
"""A tag on a LionDesk contact, in words, as far as the tests use them → the mark that it is, and its channels."""
GRAVEST = ("house_list", "do_not_contact", "opted_out", "bad_contact_info")

# ------------------------------------------------------------------------------------------------------- what is given


@dataclass(frozen=True)
class Prefix:
    """One line of the number plan: ``digits`` without a plus."""

    digits: str
    country: str
    region: str | None
    zones: Sequence[str]


@dataclass(frozen=True)
class Member:
    """Which person a target is. Targets of one person with the same ``sure`` are one for sure, any others likely.

    ``is_linked``: whether anything joins it to others.
    """

    person: str
    sure: str
    is_linked: bool = False


@dataclass(frozen=True)
class Given:
    """What the recount takes as it is. ``country`` is where a number without a country's code belongs."""

    plan: Sequence[Prefix] = ()
    rules: Sequence[Row] = ()
    purposes: Sequence[Row] = ()
    holidays: frozenset[tuple[str, date]] = frozenset()
    people: Mapping[str, Member] = field(default_factory=dict)
    tolerance: timedelta = timedelta(seconds=5)
    country: str = "US"


# -------------------------------------------------------------------------------------------------------------- points


def phone(value: str, country: str = "US") -> str:
    """A number with a plus if it can be told, else the text without the spaces around it."""
    text = value.strip().lower()
    text = re.sub(r"[ ,;]*(#|x|ext\.?|extension)[ .:]*\d{1,6}$", "", text)
    text = text.removeprefix("tel:").replace("(0)", "")
    if re.search("[a-z]", text):
        return value.strip()
    written = re.sub("[^+0-9]", "", text)
    has_plus, digits = written.startswith("+"), written.removeprefix("+")
    if "+" in digits:
        return value.strip()
    if not has_plus and digits.startswith("00"):
        has_plus, digits = True, digits[2:]
    if has_plus:
        return f"+{digits}" if 8 <= len(digits) <= 15 and digits[0] != "0" else value.strip()
    if country in NORTH_AMERICA and re.fullmatch(r"1?[2-9]\d\d[2-9]\d{6}", digits):
        return f"+1{digits[-10:]}"
    return value.strip()


def point_key(kind: str, value: str | None, country: str = "US") -> str | None:
    """``phone:+1…``, ``email:…`` or ``address:<id>``; None if there is nothing."""
    if value is None or not value.strip():
        return None
    if kind == "phone":
        return f"phone:{phone(value, country)}"
    return f"email:{value.strip().lower()}" if kind == "email" else f"{kind}:{value}"


@dataclass(frozen=True)
class Place:
    """Where a point is: its zones, what they rest on, and its country and region. ``main``: the zone named first."""

    zones: frozenset[str] = frozenset()
    basis: str = "none"
    country: str | None = None
    region: str | None = None
    main: str | None = None

    @property
    def first(self) -> str:
        """The zone whose date is its date; UTC if nothing is known."""
        return self.main or min(self.zones, default="UTC")


@dataclass(frozen=True)
class Try:
    """One real attempt that somebody made, not one that came in.

    ``connected``: whether the line was answered by anything; None if the source does not say.
    """

    attempt: Attempt
    timing: str
    point: str | None
    place: Place
    purpose: str | None
    consent: str | None
    subject: str | None
    person: str | None
    connected: bool | None

    @property
    def key(self) -> str:
        """The attempt's key."""
        return self.attempt.key

    @property
    def at(self) -> datetime:
        """When it was made (UTC)."""
        return self.attempt.at


@dataclass(frozen=True)
class Mark:
    """A word against contacting somebody: at a point, or at all (``point`` is None). ``source`` took it."""

    source: str
    kind: str
    target: str | None
    point: str | None
    channels: frozenset[str] | None
    since: datetime | None
    until: datetime | None = None
    attempt: str | None = None
    """The attempt of which it is the outcome."""

    @property
    def is_dated(self) -> bool:
        """Whether it is known since when it holds. A line of the organization's list without a date always held."""
        return self.since is not None or self.kind == "house_list"


@dataclass(frozen=True)
class Breach:
    """An attempt and a rule that it does not keep, or of which nobody can tell."""

    attempt: str
    rule: str
    verdict: Verdict
    reason: str
    count: int | None = None
    via: str | None = None
    basis: str | None = None


class Across:
    """The recount of one ledger: ``rows`` are its raw rows, ``as_of`` the moment of all its sources."""

    def __init__(self, rows: Rows, as_of: datetime | None, given: Given) -> None:
        self.rows = rows
        self.given = given
        self.as_of = as_of
        self.moments = {
            source: as_of or latest_moment(of_source(rows, source)) or NEVER for source in SOURCES
        }

    # --- who was tried where ----------------------------------------------------------------------------------------

    @cached_property
    def ledger(self) -> list[Attempt]:
        """Every row of the ledger, real attempt or not."""
        return attempts(self.rows, self.moments)

    @cached_property
    def all_tries(self) -> list[Try]:
        """Every real attempt, in order of time, those that came in too."""
        return [self._try(attempt) for attempt in self.ledger if attempt.is_real]

    @cached_property
    def tries(self) -> list[Try]:
        """Every real attempt that went out."""
        return [one for one in self.all_tries if one.attempt.direction != "inbound"]

    def _try(self, attempt: Attempt) -> Try:
        row = self._raw[attempt.key]
        point = self._point(attempt, row)
        line = self._purpose(attempt)
        member = self.given.people.get(attempt.target)
        return Try(
            attempt=attempt,
            timing=_timing(attempt.source, row),
            point=point,
            place=self.place(attempt.target, point),
            purpose=line.get("purpose"),
            consent=line.get("consent"),
            subject=line.get("subject"),
            person=member.person if member else None,
            connected=_connected(attempt),
        )

    @cached_property
    def _raw(self) -> dict[str, Row]:
        first = {
            "action_builder": ("contact_attempts", "id"),
            "liondesk": ("contact_communications", "communication_key"),
            "outreach": ("calls", "id"),
            "voipbin": ("campaigncalls", "id"),
        }
        return {
            f"{source}:{table}:{row[key]}": row
            for source, (table, key) in first.items()
            for row in self.rows.get(f"{source}_{table}", ())
        }

    def _point(self, attempt: Attempt, row: Row) -> str | None:
        """Where the attempt went; None if its row does not say."""
        country = self.given.country
        if attempt.source == "voipbin":
            to = row.get("destination") or {}
            kind = {"tel": "phone", "sms": "phone", "email": "email"}.get(to.get("type") or "")
            return point_key(kind, to.get("target"), country) if kind else None
        if attempt.source == "outreach":
            number = row.get("from") if row.get("direction") == "inbound" else row.get("to")
            if not (number or "").strip():
                listed = self._by_id("outreach_phone_numbers").get(row.get("phone_number_id"), {})
                number = listed.get("number") or listed.get("raw_number")
            return point_key("phone", number, country)
        if attempt.source == "action_builder":
            table, kind, column = _INFO.get(row.get("contact_info_type") or "", ("", "", ""))
            info = self._by_id(table).get(row.get("contact_info_id"), {}) if table else {}
            return point_key(kind, None if info.get(column) is None else str(info[column]), country)
        them = self._by_id("liondesk_contacts").get(row["contact_id"], {})
        if attempt.channel == "email":
            return point_key("email", them.get("email"), country)
        if attempt.channel == "unknown":
            return None
        phones = [them.get(f"{name}_phone") for name in ("mobile", "home", "office")]
        return next(
            (point_key("phone", number, country) for number in phones if (number or "").strip()), None
        )

    def _by_id(self, table: str) -> dict[Any, Row]:
        return {row["id"]: row for row in self.rows.get(table, ())}

    @cached_property
    def _campaign_names(self) -> dict[str, str | None]:
        tables = ("action_builder_campaigns", "outreach_sequences", "voipbin_campaigns")
        return {
            f"{table.rpartition('_')[0]}:{row['id']}": row.get("name")
            for table in tables
            for row in self.rows.get(table, ())
        }

    def _purpose(self, attempt: Attempt) -> Row:
        """The line of purposes.csv that declares the attempt's campaign; nothing if none does."""
        native = attempt.campaign.removeprefix(f"{attempt.source}:")
        name = self._campaign_names.get(attempt.campaign) or native
        for line in self.given.purposes:
            pattern = re.escape(line["campaign"]).replace("%", ".*")
            if line["source"] == attempt.source and (
                line["campaign"] in (attempt.campaign, native, name)
                or ("%" in line["campaign"] and re.fullmatch(pattern, name, re.IGNORECASE))
            ):
                since, until = line.get("since"), line.get("until")
                if (since is None or attempt.at >= since) and (until is None or attempt.at < until):
                    return line
        return {}

    # --- where points are -------------------------------------------------------------------------------------------

    def place(self, target: str, point: str | None) -> Place:
        """By what is known of the target, else of others with the same number, else by the number.

        An address goes before what a source states, and that before what it infers. Of several places of one kind, all
        zones count.
        """
        by_number, own = self._of_number(point), self._known(target)
        found = own if own.zones else self._of_others(point)
        address = found if found.basis == "address" else Place()
        country = address.country or by_number.country or own.country
        said_by = (found,) if found.basis == "address" else (by_number, own)
        region = next((place.region for place in said_by if place.region and place.country == country), None)
        return replace(found if found.zones else by_number, country=country, region=region)

    def _of_others(self, point: str | None) -> Place:
        """What is best known of others with the same number."""
        number = point if point is not None and point.startswith("phone:") else ""
        others = [self._known(other) for other in sorted(self._at_point.get(number, ()))]
        best = min((BASES.index(place.basis) for place in others if place.zones), default=None)
        if best is None:
            return Place()
        theirs = [place for place in others if place.zones and place.basis == BASES[best]]
        return replace(_together(theirs), zones=frozenset().union(*(place.zones for place in theirs)))

    def _known(self, target: str) -> Place:
        """What the target's own source says of where it is."""
        source, _, native = target.partition(":")
        if source == "action_builder":
            theirs = [
                row
                for row in self.rows.get("action_builder_addresses", ())
                if str(row["owner_id"]) == native
                and row["owner_type"] == "Entity"
                and row.get("status") != "bad"
            ]
            zones = frozenset(row["timezone"] for row in theirs if row.get("timezone"))
            basis = "address" if zones else "none"
            addresses = [
                Place(zones, basis, *self._state(row.get("country"), row.get("state"))) for row in theirs
            ]
            return _together(addresses) if addresses else Place()
        for row in self.rows.get("outreach_prospects", ()) if source == "outreach" else ():
            if str(row["id"]) == native:
                state = self._state(row.get("address_country"), row.get("address_state"))
                if not row.get("time_zone_iana"):
                    return Place(frozenset(), "none", *state)
                basis = "inferred" if row.get("time_zone_inferred") else "stated"
                return Place(frozenset({row["time_zone_iana"]}), basis, *state)
        return Place()

    def _state(self, country: str | None, state: str | None) -> tuple[str | None, str | None]:
        """Country and state of an address. A state without a country is one of the country that is set, if it has it."""
        states = {
            prefix.region for prefix in self.given.plan if prefix.country == (country or self.given.country)
        }
        if state not in states:
            return country, None
        return country or self.given.country, state

    @cached_property
    def _at_point(self) -> dict[str, set[str]]:
        """Point → the targets that a source lists there, or that were tried there."""
        found: dict[str, set[str]] = defaultdict(set)
        for attempt in self.ledger:
            point = self._point(attempt, self._raw[attempt.key])
            if point is not None:
                found[point].add(attempt.target)
        for target, kind, value in self._listed():
            point = point_key(kind, value, self.given.country)
            if point is not None:
                found[point].add(target)
        return found

    def _of_number(self, point: str | None) -> Place:
        """By the longest prefix. A prefix of a whole country is no area code."""
        if point is None or not point.startswith("phone:+"):
            return Place()
        digits = point.removeprefix("phone:+")
        found = max(
            (prefix for prefix in self.given.plan if digits.startswith(prefix.digits)),
            key=lambda prefix: len(prefix.digits),
            default=None,
        )
        if found is None or not found.zones:
            return Place()
        return Place(
            frozenset(found.zones),
            "area_code" if found.region else "country",
            found.country,
            found.region,
            found.zones[0],
        )

    def zones_of(self, country: str | None) -> frozenset[str]:
        """All zones of a country."""
        return frozenset(
            zone for prefix in self.given.plan if prefix.country == country for zone in prefix.zones
        )

    @cached_property
    def points(self) -> dict[tuple[str, str], Place]:
        """Target and point → where the point is: every point that a source lists, or an attempt went to."""
        return {
            (target, point): self.place(target, point)
            for point, targets in self._at_point.items()
            for target in targets
        }

    def _listed(self) -> Iterator[tuple[str, str, str | None]]:
        for row in self.rows.get("voipbin_outdialtargets", ()):
            for index in range(5):
                to = row.get(f"destination_{index}") or {}
                if to.get("type") == "tel":
                    yield f"voipbin:{row['id']}", "phone", to["target"]
        yield from self._listed_by_outreach()
        for row, kind, value in self._info():
            if row["owner_type"] == "Entity":
                yield f"action_builder:{row['owner_id']}", kind, value
        for row in self.rows.get("liondesk_contacts", ()):
            for name in ("mobile_phone", "home_phone", "office_phone"):
                yield f"liondesk:{row['id']}", "phone", row.get(name)
            yield f"liondesk:{row['id']}", "email", row.get("email")

    def _listed_by_outreach(self) -> Iterator[tuple[str, str, str | None]]:
        for row in self.rows.get("outreach_prospects", ()):
            for name in ("mobile", "work", "home", "other", "voip"):
                for number in row.get(f"{name}_phones") or ():
                    yield f"outreach:{row['id']}", "phone", number
            for address in row.get("emails") or ():
                yield f"outreach:{row['id']}", "email", address
        for table, kind, column in _OWN_TABLES:
            for row in self.rows.get(table, ()):
                yield f"outreach:{row['prospect_id']}", kind, row.get(column)

    def _info(self) -> Iterator[tuple[Row, str, str | None]]:
        """Action Builder's rows of points: the row, the point's kind and its value."""
        for table, kind, column in _INFO.values():
            for row in self.rows.get(table, ()):
                yield row, kind, None if row.get(column) is None else str(row[column])

    # --- marks ------------------------------------------------------------------------------------------------------

    @cached_property
    def marks(self) -> list[Mark]:
        """Every mark of every source, with its end; a mark ends by a later opt-in of the same target."""
        opt_ins = list(self._opt_ins())
        return [self._ended(mark, opt_ins) for mark in self._marks()]

    def _marks(self) -> Iterator[Mark]:
        country = self.given.country
        for one in self.all_tries:
            if one.attempt.disposition in ("do_not_contact", "bad_contact_info"):
                yield Mark(
                    one.attempt.source,
                    one.attempt.disposition,
                    one.attempt.target,
                    one.point,
                    None,
                    one.attempt.at,
                    attempt=one.key,
                )
        for row, kind, value in self._info():
            word = {"do_not_contact": "do_not_contact", "bad": "bad_contact_info"}.get(
                row.get("status") or ""
            )
            point = point_key(kind, value, country)
            if word and point:
                target = f"action_builder:{row['owner_id']}"
                yield Mark("action_builder", word, target, point, None, row["updated_at"])
        yield from self._states()
        yield from self._tags()
        for row in self.rows.get("outreach_prospects", ()):
            target = f"outreach:{row['id']}"
            for status, since, channels in (
                ("calls_opt_status", "calls_opted_at", frozenset({"phone"})),
                ("emails_opt_status", "emails_opted_at", frozenset({"email"})),
            ):
                if row.get(status) == "opted_out":
                    yield Mark("outreach", "opted_out", target, None, channels, row.get(since))
            word, since_all = row.get("opted_out"), row.get("opted_out_at")
            if word or (word is None and since_all is not None):
                yield Mark("outreach", "opted_out", target, None, None, since_all)
        for row in self.rows.get("house_suppressions", ()):
            channel = row.get("channel")
            yield Mark(
                "house",
                "house_list",
                None,
                point_key(row["kind"], row["value"], country),
                frozenset({channel}) if channel else None,
                row.get("since"),
                row.get("until"),
            )

    def _states(self) -> Iterator[Mark]:
        """What Outreach's own tables of numbers and e-mail addresses say of them."""
        for table, kind, column in _OWN_TABLES:
            for row in self.rows.get(table, ()):
                target = f"outreach:{row['prospect_id']}"
                point = point_key(kind, row.get(column), self.given.country)
                word = STATES.get((row.get("status") or "").lower().replace(" ", "_"))
                if point and word:
                    yield Mark("outreach", word, target, point, None, row.get("status_changed_at"))
                since = row.get("unsubscribed_at")
                if point and since is not None:
                    yield Mark("outreach", "opted_out", target, point, frozenset({"email"}), since)

    def _tags(self) -> Iterator[Mark]:
        """What a tag on a LionDesk contact says. Nobody says since when."""
        for row in self.rows.get("liondesk_contacts", ()):
            tags = [tag for text in row.get("tags") or () for tag in re.split("[,;|]", text)]
            words = {" ".join(re.findall("[a-z]+", tag.lower())) for tag in tags}
            for word in sorted(words & TAGS.keys()):
                kind, channels = TAGS[word]
                yield Mark("liondesk", kind, f"liondesk:{row['id']}", None, channels, None)

    def _opt_ins(self) -> Iterator[tuple[str, frozenset[str], datetime]]:
        for row in self.rows.get("outreach_prospects", ()):
            for status, since, channel in (
                ("calls_opt_status", "calls_opted_at", "phone"),
                ("emails_opt_status", "emails_opted_at", "email"),
            ):
                if row.get(status) == "opted_in" and row.get(since) is not None:
                    yield f"outreach:{row['id']}", frozenset({channel}), row[since]

    def _ended(self, mark: Mark, opt_ins: Sequence[tuple[str, frozenset[str], datetime]]) -> Mark:
        if mark.since is None:
            return mark  # Nobody knows whether an opt-in came later.
        ends = [mark.until] if mark.until else []
        if mark.kind in ("do_not_contact", "opted_out"):
            # A mark on a number is about calls and texts. One on the whole target, about everything, ends with any opt-in.
            reach = mark.channels or (frozenset({mark.point.partition(":")[0]}) if mark.point else None)
            ends += [
                at for target, channels, at in opt_ins
                if target == mark.target and (reach is None or reach & channels) and at > mark.since
            ]  # fmt: skip
        if mark.kind == "bad_contact_info" and mark.point is not None:
            ends += [
                one.at
                for one in self.all_tries
                if one.attempt.is_contact and one.point == mark.point and one.at > mark.since
            ]
        return replace(mark, until=min(ends, default=None))

    # --- rules ------------------------------------------------------------------------------------------------------

    @cached_property
    def breaches(self) -> list[Breach]:
        """Every attempt and rule with a verdict."""
        found = []
        for name in sorted({rule["rule"] for rule in self.given.rules if rule["enabled"]}):
            versions = [rule for rule in self.given.rules if rule["rule"] == name and rule["enabled"]]
            judge = {
                "hours": self._hours,
                "cap": self._cap,
                "after_contact": self._after_contact,
                "after_mark": self._after_mark,
            }[versions[0]["kind"]]
            found += [breach for breach in judge(versions) if breach is not None]
        return sorted(found, key=lambda breach: (breach.attempt, breach.rule))

    def judged(self, rule: Row) -> list[Try]:
        """The attempts that a version of a rule speaks of and may judge."""
        return [one for one in self.tries if self.why_not(one, rule) is None]

    def why_not(self, one: Try, rule: Row) -> str | None:
        """Why a version of a rule does not judge an attempt, the first reason that holds; None if it judges it."""
        country, _, region = rule["jurisdiction"].partition("-")
        place, is_everywhere = one.place, country == "*"
        if rule["channels"] is not None and one.attempt.channel not in rule["channels"]:
            return "other_channel"
        is_elsewhere = place.country != country or (region and place.region != region)
        if not is_everywhere and place.country is not None and is_elsewhere:
            return "other_jurisdiction"
        if rule["purposes"] is not None:
            if one.purpose is None:
                return "purpose_undeclared"
            if one.purpose not in rule["purposes"]:
                return "other_purpose"
        if rule["consent_lifts"] and one.consent == "yes":
            return "consent"
        if one.point is None and (rule["kind"] == "hours" or rule["unit"] == "point"):
            return "no_point"
        return "no_location" if not is_everywhere and place.country is None else None

    def _doubt(self, one: Try, rule: Row) -> str | None:
        """Why nobody can tell whether the rule holds for an attempt that it judges; None if somebody can."""
        presumes = rule["location_presumption"] == "area_code"
        if "-" in rule["jurisdiction"] and not presumes and one.place.basis != "address":
            return "area_code_is_no_place"
        if rule["consent_lifts"] and one.consent != "no":
            return "consent_unknown"
        return None

    def _in_force(self, rule: Row, day: date) -> bool:
        first, last = rule["in_force_from"], rule["in_force_until"]
        return (first is None or first <= day) and (last is None or day <= last)

    # Hours.

    def _hours(self, versions: Sequence[Row]) -> Iterator[Breach | None]:
        for one in self.tries:
            theirs = [rule for rule in versions if self.why_not(one, rule) is None]
            if theirs:
                yield self._hours_of(one, theirs)

    def _hours_of(self, one: Try, versions: Sequence[Row]) -> Breach | None:
        name, place = versions[0]["rule"], one.place
        if not place.zones:
            if any(self._in_force(rule, one.at.date()) for rule in versions):
                return Breach(one.key, name, "unverifiable", "no_location", basis="none")
            return None
        if all(self._is_inside(one.at, zone, versions) for zone in place.zones):
            return None
        is_placed = place.basis in ("address", "stated")
        presumes = versions[0]["location_presumption"] == "area_code"
        others = frozenset() if is_placed or presumes else self.zones_of(place.country)
        is_outside = not any(self._is_inside(one.at, zone, versions) for zone in place.zones | others)
        doubt = self._doubt(one, versions[0])
        if not is_outside:
            reason = "outside_hours_in_some_zones"
        elif one.timing != "dialled" and (one.timing != "completed" or one.attempt.channel == "phone"):
            reason = "recorded_not_dialled"
        else:
            reason = doubt or "outside_hours"
        verdict: Verdict = "breach" if reason == "outside_hours" else "unverifiable"
        return Breach(one.key, name, verdict, reason, basis=place.basis)

    def _is_inside(self, at: datetime, zone: str, versions: Sequence[Row]) -> bool:
        """Whether a moment is inside the hours there, within the tolerance of either end. The day is that of the clock."""
        clock = local(at, zone)
        since_midnight = clock - datetime.combine(clock.date(), time())
        rows = [
            rule
            for rule in versions
            if self._in_force(rule, clock.date())
            and (rule["days"] is None or clock.isoweekday() in rule["days"])
        ]
        near = self.given.tolerance
        return all(
            _of_day(rule["from_local"]) - near <= since_midnight <= _of_day(rule["until_local"]) + near
            for rule in rows
        )

    # Caps.

    def _groups(self, one: Try, pool: Sequence[Try], rule: Row) -> tuple[list[Try], list[Try]]:
        """What surely went to the same unit, and what likely did."""
        if rule["same_subject"]:
            pool = [other for other in pool if _subject(other) == _subject(one)]
        unit = rule["unit"]
        if unit == "point":
            return [other for other in pool if one.point is not None and other.point == one.point], []
        if unit == "target":
            return [other for other in pool if other.attempt.target == one.attempt.target], []
        same = [other for other in pool if other.person == one.person]
        sure = [other for other in same if self._is_surely_one(one, other)]
        return sure, [other for other in same if other not in sure]

    def _is_surely_one(self, one: Try, other: Try) -> bool:
        """The same target, or two targets that a crosswalk, an id or an e-mail address makes one person."""
        return self._bond(one.attempt.target, other.attempt.target) == "sure"

    def _bond(self, one: str, other: str) -> str | None:
        """How sure it is that two targets are one person: sure, likely, or None if they are two."""
        if one == other:
            return "sure"
        mine, theirs = self.given.people.get(one), self.given.people.get(other)
        if mine is None or theirs is None or mine.person != theirs.person:
            return None
        return "sure" if mine.sure == theirs.sure else "likely"

    def _is_in_period(self, before: Try, one: Try, rule: Row) -> bool:
        """Whether an attempt lies in the period that ends with this one, however the two clocks are read."""
        if before.key == one.key:
            return True
        if rule["period"] == "calendar_day":
            zone = one.place.first
            return before.at <= one.at and local(before.at, zone).date() == local(one.at, zone).date()
        gap = one.at - before.at
        return timedelta(0) <= gap < PERIODS[rule["period"]] - self.given.tolerance

    def _cap(self, versions: Sequence[Row]) -> Iterator[Breach | None]:
        for rule in versions:
            pool = self.judged(rule)
            for one in pool:
                if self._is_in_its_time(one, rule):
                    yield self._cap_of(one, pool, rule)

    def _is_in_its_time(self, one: Try, rule: Row) -> bool:
        """Whether a version is in force at the attempt's local date, on such a day of the week."""
        day = local(one.at, one.place.first).date()
        return self._in_force(rule, day) and (rule["days"] is None or day.isoweekday() in rule["days"])

    def _cap_of(self, one: Try, pool: Sequence[Try], rule: Row) -> Breach | None:
        sure, likely = (
            [other for other in group if self._is_in_period(other, one, rule)]
            for group in self._groups(one, pool, rule)
        )
        if rule["counts"] == "connected":
            if one.connected is False:
                return None
            sure = [other for other in sure if other.connected is not False]
            likely = [other for other in likely if other.connected is not False]
        everything = [*sure, *likely]
        if len(everything) <= rule["cap"]:
            return None
        certain = sure
        if rule["counts"] == "connected":
            certain = [other for other in sure if other.connected] if one.connected else []
        reason = self._doubt(one, rule)
        if len(sure) <= rule["cap"]:
            reason = "likely_match"
        elif len(certain) <= rule["cap"]:
            reason = "may_not_have_connected"
        if reason is None:
            return Breach(one.key, rule["rule"], "breach", "over_cap", len(certain), _via(one, certain))
        via = _via(one, everything)
        return Breach(one.key, rule["rule"], "unverifiable", reason, len(everything), via)

    # After a contact.

    def _after_contact(self, versions: Sequence[Row]) -> Iterator[Breach | None]:
        for rule in versions:
            pool = self.judged(rule)
            for one in pool:
                if self._is_in_its_time(one, rule):
                    yield self._after_contact_of(one, pool, rule)

    def _after_contact_of(self, one: Try, pool: Sequence[Try], rule: Row) -> Breach | None:
        sure, likely = (
            [other for other in group if other.attempt.is_contact and self._is_too_soon(other, one, rule)]
            for group in self._groups(one, pool, rule)
        )
        if not sure and not likely:
            return None
        reason = self._doubt(one, rule) if sure else "likely_match"
        if reason is None:
            return Breach(one.key, rule["rule"], "breach", "after_contact", None, _via(one, sure))
        return Breach(one.key, rule["rule"], "unverifiable", reason, None, _via(one, [*sure, *likely]))

    def _is_too_soon(self, contact: Try, one: Try, rule: Row) -> bool:
        """Whether an attempt comes after a contact and before the wait is over, however the two clocks are read."""
        gap = one.at - contact.at
        return self.given.tolerance < gap < _span(rule) - self.given.tolerance

    # After a mark.

    def _after_mark(self, versions: Sequence[Row]) -> Iterator[Breach | None]:
        for one in self.tries:
            found = [
                breach
                for rule in versions
                if self.why_not(one, rule) is None and self._is_in_its_time(one, rule)
                for mark in sorted(self.marks, key=lambda mark: mark.since or NEVER)
                if (breach := self._mark_of(one, mark, rule)) is not None
            ]
            yield min(
                found,
                key=lambda breach: (GRAVITY.index(breach.verdict), BONDS.index(breach.via or "")),
                default=None,
            )

    def _mark_of(self, one: Try, mark: Mark, rule: Row) -> Breach | None:
        """What a mark makes of an attempt."""
        kinds = (
            ("bad_contact_info",)
            if rule["unit"] == "point"
            else ("do_not_contact", "opted_out", "house_list")
        )
        if mark.kind not in kinds or mark.attempt == one.key:
            return None
        if mark.channels is not None and one.attempt.channel not in mark.channels:
            return None
        link = self._link(one, mark)
        if link is None:
            return None
        via, doubt = link
        if mark.since is not None and one.at - mark.since <= self.given.tolerance:
            return None
        if mark.until is not None and one.at >= mark.until - self.given.tolerance:
            return None
        if doubt is None and not mark.is_dated:
            doubt = "mark_without_date"
        if doubt is None and mark.since is not None and self._is_in_grace(one, mark.since, rule):
            return Breach(one.key, rule["rule"], "tolerated", "within_grace", None, via)
        doubt = doubt or self._doubt(one, rule)
        verdict: Verdict = "breach" if doubt is None else "unverifiable"
        return Breach(one.key, rule["rule"], verdict, doubt or "after_mark", None, via)

    def _link(self, one: Try, mark: Mark) -> tuple[str, str | None] | None:
        """How the attempt is bound to the mark, and why that is not certain, if it is not; None if it is not bound."""
        if mark.point is not None and one.point == mark.point:
            return "same_point", None
        bond = self._bond(one.attempt.target, mark.target) if mark.target is not None else None
        if bond is None or (mark.kind == "bad_contact_info" and mark.point is not None):
            return None
        via = "same_target" if one.attempt.target == mark.target else "matched_person"
        if mark.point is not None:
            return via, "marked_on_another_point"
        return via, None if bond == "sure" else "likely_match"

    def _is_in_grace(self, one: Try, since: datetime, rule: Row) -> bool:
        if not rule["grace"]:
            return False
        if rule["grace_unit"] in ("hours", "days"):
            return one.at - since <= _span(rule) + self.given.tolerance
        zone = one.place.first
        day, left = local(since, zone).date(), rule["grace"]
        while left:
            day += timedelta(days=1)
            left -= self._is_business_day(day, one.place.country)
        return local(one.at - self.given.tolerance, zone).date() <= day

    def _is_business_day(self, day: date, country: str | None) -> bool:
        return day.isoweekday() <= 5 and (country or "", day) not in self.given.holidays

    # --- reports ----------------------------------------------------------------------------------------------------

    @cached_property
    def audit(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Source, campaign and rule: attempts, those judged, why the others are not, and verdicts."""
        by_key = {one.key: one for one in self.tries}
        lines: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        reasons: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        people: dict[tuple[str, str, str], set[str | None]] = defaultdict(set)
        for name in {rule["rule"] for rule in self.given.rules if rule["enabled"]}:
            versions = [rule for rule in self.given.rules if rule["rule"] == name and rule["enabled"]]
            for one in self.tries:
                key = one.attempt.source, one.attempt.campaign, name
                why = [self.why_not(one, rule) for rule in versions]
                lines[key]["attempts"] += 1
                lines[key]["judged" if None in why else "not_judged"] += 1
                if None not in why:
                    reasons[key][min(filter(None, why))] += 1
        plural = {"breach": "breaches", "unverifiable": "unverifiable", "tolerated": "tolerated"}
        for breach in self.breaches:
            one = by_key[breach.attempt]
            key = one.attempt.source, one.attempt.campaign, breach.rule
            lines[key][plural[breach.verdict]] += 1
            if breach.verdict == "breach":
                people[key].add(one.person)
        return {
            key: self._line(counts)
            | {
                "not_judged_because": min(
                    reasons[key], key=lambda why: (-reasons[key][why], why), default=None
                ),
                "people": len(people[key]),
            }
            for key, counts in lines.items()
        }

    def _line(self, counts: Mapping[str, int]) -> dict[str, Any]:
        names = ("attempts", "judged", "not_judged", "breaches", "unverifiable", "tolerated")
        line: dict[str, Any] = {name: counts.get(name, 0) for name in names}
        known = line["judged"] - line["unverifiable"]
        line["share_kept"] = (known - line["breaches"]) / known if known else None
        return line

    @cached_property
    def reached(self) -> dict[str, dict[str, Any]]:
        """Each source, and ``all``: people, and those who were tried and reached, each counted once.

        Calls that came in count. Only sources that tell whether anybody was reached say who was tried.
        """
        found = {}
        for source in (*SOURCES, "all"):
            tries = [one for one in self.all_tries if source in (one.attempt.source, "all")]
            telling = [one for one in tries if one.attempt.source in MEASURING]
            targets = [target for target in self.given.people if source in (_system(target), "all")]
            matchable = sum(self._is_matchable(target) for target in targets)
            found[source] = {
                "people": len({self.given.people[target].person for target in targets}),
                "people_attempted": len({one.person for one in telling}),
                "people_contacted": len({one.person for one in telling if one.attempt.is_contact}),
                "attempts": len(tries),
                "targets": len(targets),
                "is_matched_share": matchable / len(targets) if targets else None,
            }
        return found

    def _is_matchable(self, target: str) -> bool:
        """Whether it has a number or an e-mail address that is the same in every system, or is joined to others."""
        return self.given.people[target].is_linked or any(
            re.fullmatch(r"phone:\+\d+|email:[^@ ]+@[^@ ]+", point) for point in self._points_of[target]
        )

    @cached_property
    def _points_of(self) -> dict[str, set[str]]:
        """Target → its points."""
        found: dict[str, set[str]] = defaultdict(set)
        for target, point in self.points:
            found[target].add(point)
        return found

    @cached_property
    def _members(self) -> dict[str, list[str]]:
        """Person → its targets."""
        found: dict[str, list[str]] = defaultdict(list)
        for target, member in self.given.people.items():
            found[member.person].append(target)
        return found

    @cached_property
    def people(self) -> dict[str, dict[str, Any]]:
        """Every person: what it is known by, how often it was tried and reached, and what restricts it."""
        return {person: self._person(targets) for person, targets in self._members.items()}

    def _person(self, targets: Sequence[str]) -> dict[str, Any]:
        tries = [one for one in self.all_tries if one.attempt.target in targets]
        out = [one for one in tries if one.attempt.direction != "inbound"]
        names = [name for target in targets if (name := self._names.get(target))]
        in_force = {mark.kind for mark in self.marks if self._is_in_force_on(mark, targets)}
        return {
            "systems": len({_system(target) for target in targets}),
            "systems_tried": len({one.attempt.source for one in out}),
            "targets": len(targets),
            "points": len(set[str]().union(*(self._points_of[target] for target in targets))),
            "attempts": len(tries),
            "contacts": sum(one.attempt.is_contact for one in tries),
            "first_attempt_at": min((one.at for one in tries), default=None),
            "last_attempt_at": max((one.at for one in tries), default=None),
            "most_in_24h": _most(out, PERIODS["24h"]),
            "most_in_7d": _most(out, PERIODS["7d"]),
            "most_in_30d": _most(out, PERIODS["30d"]),
            "restriction": min(in_force, key=GRAVEST.index, default=None),
            "display_name": min(names, key=str.encode, default=None),
        }

    def _is_in_force_on(self, mark: Mark, targets: Sequence[str]) -> bool:
        """Whether a mark holds at the moment, on one of these targets or on a point of theirs and on nobody by name."""
        if mark.until is not None and mark.until <= (self.as_of or NEVER):
            return False
        if mark.target is not None:
            return mark.target in targets
        return any(mark.point in self._points_of[target] for target in targets)

    @cached_property
    def _names(self) -> dict[str, str]:
        """Target → its name as its source writes it."""
        found = {}
        for source, table in (
            ("outreach", "outreach_prospects"),
            ("action_builder", "action_builder_entities"),
            ("liondesk", "liondesk_contacts"),
        ):
            for row in self.rows.get(table, ()):
                words = [row.get("first_name"), row.get("last_name")]
                found[f"{source}:{row['id']}"] = " ".join(word for word in words if word)
        for row in self.rows.get("voipbin_outdialtargets", ()):
            found[f"voipbin:{row['id']}"] = " ".join((row.get("name") or "").split())
        return found

    @cached_property
    def overlap(self) -> dict[tuple[str, str], dict[str, int]]:
        """Two systems: people in both, tried in both, reached in both, and marked in the first but tried in the second.

        A mark counts from the earliest that the first system took of a person, if the second system's last attempt came
        later. Calls that came in are attempts.
        """
        known = {
            source: {
                member.person for target, member in self.given.people.items() if _system(target) == source
            }
            for source in SOURCES
        }
        tried: dict[str, dict[str | None, datetime]] = defaultdict(dict)
        reached: dict[str, set[str | None]] = defaultdict(set)
        for one in self.all_tries:
            tried[one.attempt.source][one.person] = one.at
            if one.attempt.is_contact:
                reached[one.attempt.source].add(one.person)
        marked: dict[str, dict[str, datetime]] = defaultdict(dict)
        for mark in self.marks:
            member = self.given.people.get(mark.target or "")
            if member is not None and mark.since is not None:
                earlier = marked[mark.source].get(member.person, NEVER)
                marked[mark.source][member.person] = min(mark.since, earlier)
        return {
            (first, second): {
                "people_in_both": len(known[first] & known[second]),
                "attempted_in_both": len(tried[first].keys() & tried[second].keys()),
                "contacted_in_both": len(reached[first] & reached[second]),
                "restricted_in_first_attempted_in_second": sum(
                    person in tried[second] and tried[second][person] > since
                    for person, since in marked[first].items()
                ),
            }
            for first in SOURCES
            for second in SOURCES
        }

    @cached_property
    def pressure(self) -> dict[tuple[str, str, int], tuple[int, int]]:
        """Unit, period and greatest number of attempts within one → how many had it, and how many in several systems."""
        found: dict[tuple[str, str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for unit in ("person", "point"):
            theirs: dict[str, list[Try]] = defaultdict(list)
            for one in self.tries:
                name = one.person if unit == "person" else one.point
                if name is not None:
                    theirs[name].append(one)
            for period, length in PERIODS.items():
                for tries in theirs.values():
                    key = unit, period, _most(tries, length)
                    people, several = found[key]
                    is_several = len({one.attempt.source for one in tries}) > 1
                    found[key] = people + 1, several + is_several
        return dict(found)

    @cached_property
    def called_hours(self) -> dict[tuple[str, str, str, int, int], dict[str, Any]]:
        """reports.best_time by the clock of whoever was called, if all zones of the point show the same hour."""
        theirs: dict[tuple[str, str], dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
        for one in self.all_tries:
            if one.attempt.source in MEASURING:
                theirs[one.attempt.source, one.attempt.campaign][one.attempt.target].append(one.attempt)
        found = {}
        for key, targets in theirs.items():
            histories = [History(name, them, them, False, False, False) for name, them in targets.items()]
            tries = [attempt for them in targets.values() for attempt in them]
            known = sum(self._called_clock(attempt) is not None for attempt in tries)
            for cell, figures in hours_by(histories, self._called_clock).items():
                found[*key, *cell] = figures | {"is_default": known * 5 >= len(tries) * 4}
        return found

    def _called_clock(self, attempt: Attempt) -> datetime | None:
        point = self._point(attempt, self._raw[attempt.key])
        if point is None:
            return None
        place = self.place(attempt.target, point)
        clocks = [local(attempt.at, zone) for zone in place.zones]
        is_one_hour = len({(clock.date(), clock.hour) for clock in clocks}) == 1
        return clocks[0] if is_one_hour else None

    @cached_property
    def trace(self) -> Counter[tuple[Any, ...]]:
        """Everything that was done to each person: rows of the ledger, and marks that concern it.

        A mark concerns whoever it is on, and everybody else at its point. ``somebody else`` says that it is on another.
        """
        broken: dict[str, list[str]] = defaultdict(list)
        for breach in self.breaches:
            if breach.verdict == "breach":
                broken[breach.attempt].append(breach.rule)
        rows: Counter[tuple[Any, ...]] = Counter()
        for row in self.ledger:
            rows[
                self.given.people[row.target].person, row.at, "attempt" if row.is_real else "not_tried", row.source,
                row.channel, row.direction, row.disposition, self._point(row, self._raw[row.key]), row.target, row.key,
                tuple(sorted(broken[row.key])),
            ] += 1  # fmt: skip
        for mark in self.marks:
            for person, targets in self._members.items():
                is_own = mark.target in targets
                is_there = mark.point is not None and any(
                    mark.point in self._points_of[target] for target in targets
                )
                if is_own or is_there:
                    channels = " ".join(sorted(mark.channels)) if mark.channels else None
                    is_anothers = not is_own and mark.target is not None
                    rows[
                        person, mark.since, "mark", mark.source, channels, mark.kind, mark.point, mark.attempt,
                        "somebody else" if is_anothers else None, mark.until and mark.until.date(),
                    ] += 1  # fmt: skip
        return rows


# -------------------------------------------------------------------------------------------------------------- helpers


def _together(places: Sequence[Place]) -> Place:
    """The country and the region that all these places have, if they have one."""
    countries = {place.country for place in places if place.country}
    regions = {place.region for place in places if place.region}
    country = min(countries) if len(countries) == 1 else None
    return replace(places[0], country=country, region=min(regions) if country and len(regions) == 1 else None)


def local(moment: datetime, zone: str) -> datetime:
    """The clock of a zone at a moment (UTC), without its zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _span(rule: Row) -> timedelta:
    """A grace of hours or days."""
    return timedelta(hours=rule["grace"] * {"hours": 1, "days": 24}[rule["grace_unit"]])


def _of_day(value: time | str) -> timedelta:
    """How long after midnight."""
    clock = time.fromisoformat(value) if isinstance(value, str) else value
    return datetime.combine(date.min, clock) - datetime.combine(date.min, time())


def _system(target: str) -> str:
    return target.partition(":")[0]


def _most(tries: Sequence[Try], period: timedelta) -> int:
    """The most of these attempts within a period; one that is exactly as long ago is not in it."""
    moments = [one.at for one in tries]
    return max((sum(end - period < at <= end for at in moments) for end in moments), default=0)


def _timing(source: str, row: Row) -> str:
    """What the time of an attempt is the time of."""
    if source == "voipbin":
        return "dialled"
    if source == "outreach":
        return "dialled" if row.get("dialed_at") is not None else "recorded"
    return "recorded" if source == "action_builder" else "completed"


def _connected(attempt: Attempt) -> bool | None:
    """Whether anything answered; None if nobody says."""
    if attempt.disposition in ("contacted", "voicemail", "do_not_contact"):
        return True
    return None


def _subject(one: Try) -> tuple[str, str]:
    """What an attempt was about: the declared subject, or else its own campaign."""
    return ("subject", one.subject) if one.subject else ("campaign", one.attempt.campaign)


def _via(one: Try, others: Sequence[Try]) -> str:
    """The strongest bond that holds them all together."""
    if one.point is not None and {other.point for other in others} <= {one.point}:
        return "same_point"
    targets = {other.attempt.target for other in others}
    return "same_target" if targets <= {one.attempt.target} else "matched_person"
