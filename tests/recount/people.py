"""Which targets are one person, a second time: level after level, with one union-find.

Belongs here: the facts that the lists give of a target, and the match. Does not belong here: SQL or data of the product,
and anything that counts attempts.

Levels, the surest first: the organization's own crosswalk, an external id, an e-mail address, a telephone number with the
same first name. At last come targets without a name: they join at a number where everybody who is named has one first
name, or where nobody is named.

- A level first looks for the groups that its links would make of the persons found so far. A group with two persons of
  the crosswalk is not made: all its links of this level fall away, and its targets are ambiguous.
- A nameless target takes part in the last level by itself. It is ambiguous, and joins nobody by number, if one of its
  numbers belongs to people of two first names, or if its numbers, with the person that it already is, lead to two
  persons. The others join at numbers where nobody is named too; a group of them that leads to two persons is not made,
  and is ambiguous.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.recount.rows import Row, Rows

CROSSWALK, EXTERNAL_ID, EMAIL, PHONE_AND_NAME, PHONE, ALONE = (
    "crosswalk",
    "external_id",
    "email",
    "phone_and_name",
    "phone",
    "alone",
)
STRENGTH = {
    CROSSWALK: "sure",
    EXTERNAL_ID: "sure",
    EMAIL: "sure",
    PHONE_AND_NAME: "likely",
    PHONE: "likely",
    ALONE: "alone",
}
ROLES = frozenset(("info", "office", "admin", "sales", "contact"))
"""The part before the @ of an address that is nobody's own."""
BARRED = str.maketrans("øłđ", "old")
"""Letters with a bar, which is no accent."""

Nicknames = Mapping[str, str]
"""A short name → the first name that it stands for."""


@dataclass(slots=True)
class Known:
    """What the lists say of one target: names as written, numbers and addresses in their normal form."""

    first_names: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    external_ids: set[str] = field(default_factory=set)
    crosswalk: str | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A row of ``core.person_targets``."""

    target_key: str
    person_key: str
    basis: str
    strength: str
    is_ambiguous: bool


# ------------------------------------------------------------------------------------------------- normal forms


def phone(value: str | None) -> str | None:
    """A number as E.164, by the rule of numbers without a country code from the United States; None if it is none."""
    if value is None:
        return None
    text = re.sub(r"[ ,;]*(?:#|x|ext[.]?|extension)[ .:]*\d{1,6}$", "", value.strip().lower())
    text = re.sub(r"^tel:|[(]0[)]", "", text)
    text = "".join(letter for letter in text if letter.isascii() and (letter.isalnum() or letter == "+"))
    if text.startswith("00"):
        text = "+" + text[2:]
    if re.fullmatch(r"[+][1-9]\d{7,14}", text):
        return text
    if re.fullmatch(r"1?[2-9]\d\d[2-9]\d{6}", text):
        return "+1" + text[-10:]
    return None


def email(value: str | None) -> str | None:
    """An address that can tell people apart, in lower case; None if it is none or nobody's own."""
    text = (value or "").strip().lower()
    is_address = re.fullmatch(r"[^@ ]+@[^@ ]+", text) is not None
    return text if is_address and text.partition("@")[0] not in ROLES else None


def first_name(value: str | None, nicknames: Nicknames) -> str | None:
    """The first word without capitals and accents, or the first name that it is short for.

    None if there is none. An initial names nobody.
    """
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFD", (value or "").lower())
        if not unicodedata.combining(letter)
    )
    word = re.match(r"[\W\d_]*([^\W\d_](?:[^\W\d_]|['’])+)", bare.translate(BARRED))
    return nicknames.get(word[1], word[1]) if word else None


# -------------------------------------------------------------------------------------------------------- facts


def facts(rows: Rows) -> dict[str, Known]:
    """Target key → what the lists of all systems, and the calls, say of it."""
    known: dict[str, Known] = defaultdict(Known)
    for read in (_of_attempts, _of_voipbin, _of_outreach, _of_action_builder, _of_liondesk):
        read(rows, known)
    for row in rows.get("house_people", ()):
        key = f"{row['source']}:{row['target_id']}"
        if key in known and (row.get("person") or "").strip():
            known[key].crosswalk = row["person"].strip()
    return dict(known)


def _of_voipbin(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("voipbin_outdialtargets", ()):
        target = known[f"voipbin:{row['id']}"]
        _add(target.first_names, row.get("name"))
        for index in range(5):
            _add(target.phones, phone((row.get(f"destination_{index}") or {}).get("target")))


def _of_outreach(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("outreach_prospects", ()):
        target = known[f"outreach:{row['id']}"]
        _add(target.first_names, row.get("first_name"))
        _add(target.external_ids, row.get("external_id"))
        for kind in ("mobile", "work", "home", "other", "voip"):
            for value in row.get(f"{kind}_phones") or ():
                _add(target.phones, phone(value))
        for value in row.get("emails") or ():
            _add(target.emails, email(value))
    for row in rows.get("outreach_phone_numbers", ()):
        if row.get("prospect_id") is not None:
            _add(known[f"outreach:{row['prospect_id']}"].phones, phone(row.get("number")))
    for row in rows.get("outreach_email_addresses", ()):
        if row.get("prospect_id") is not None:
            _add(known[f"outreach:{row['prospect_id']}"].emails, email(row.get("email")))


def _of_action_builder(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("action_builder_entities", ()):
        target = known[f"action_builder:{row['id']}"]
        _add(target.first_names, row.get("first_name"))
        _add(target.external_ids, row.get("custom_id"))
    for row in _of_entities(rows, "action_builder_phone_numbers"):
        _add(known[f"action_builder:{row['owner_id']}"].phones, phone(row.get("number")))
    for row in _of_entities(rows, "action_builder_emails"):
        _add(known[f"action_builder:{row['owner_id']}"].emails, email(row.get("email")))


def _of_liondesk(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("liondesk_contacts", ()):
        target = known[f"liondesk:{row['id']}"]
        _add(target.first_names, row.get("first_name"))
        _add(target.emails, email(row.get("email")))
        for kind in ("mobile", "home", "office"):
            _add(target.phones, phone(row.get(f"{kind}_phone")))


def _of_attempts(rows: Rows, known: dict[str, Known]) -> None:
    """Add the targets of attempts, and the numbers that were called or that called."""
    for row in rows.get("voipbin_campaigncalls", ()):
        if row.get("outdial_target_id") is not None:
            target = known[f"voipbin:{row['outdial_target_id']}"]
            _add(target.phones, phone((row.get("destination") or {}).get("target")))
    for row in rows.get("outreach_calls", ()):
        if row.get("prospect_id") is not None:
            side = "from" if row.get("direction") == "inbound" else "to"
            _add(known[f"outreach:{row['prospect_id']}"].phones, phone(row.get(side)))
    for row in rows.get("action_builder_contact_attempts", ()):
        if row.get("entity_id") is not None:
            known[f"action_builder:{row['entity_id']}"]
    for row in rows.get("liondesk_contact_communications", ()):
        if row.get("contact_id") is not None:
            known[f"liondesk:{row['contact_id']}"]


def _of_entities(rows: Rows, table: str) -> Iterable[Row]:
    return (
        row
        for row in rows.get(table, ())
        if row.get("owner_type") == "Entity" and row.get("owner_id") is not None
    )


def _add(values: set[str], value: str | None) -> None:
    if value is not None and value.strip():
        values.add(value.strip())


# -------------------------------------------------------------------------------------------------------- match


class _Persons:
    """The persons found so far: a union-find over target keys."""

    def __init__(self, targets: Iterable[str]) -> None:
        self._above = {target: target for target in targets}

    def of(self, target: str) -> str:
        """The target that stands for the person."""
        while self._above[target] != target:
            self._above[target] = self._above[self._above[target]]
            target = self._above[target]
        return target

    def unite(self, targets: Sequence[str]) -> None:
        """Make one person of all these targets."""
        for target in targets[1:]:
            one, other = sorted((self.of(targets[0]), self.of(target)))
            self._above[other] = one

    def members(self) -> dict[str, list[str]]:
        """The target that stands for a person → all its targets."""
        found: dict[str, list[str]] = defaultdict(list)
        for target in self._above:
            found[self.of(target)].append(target)
        return found


class _Match:
    def __init__(self, known: Mapping[str, Known], nicknames: Nicknames) -> None:
        self.known = known
        self.names = {
            key: {name for text in one.first_names if (name := first_name(text, nicknames)) is not None}
            for key, one in known.items()
        }
        self.persons = _Persons(known)
        self.basis: dict[str, str] = {}
        self.ambiguous: set[str] = set()

    def link(self, level: str, groups: Iterable[Sequence[str]]) -> None:
        """Make one person of each group, unless two persons of the crosswalk would become one."""
        groups = [group for group in groups if len(group) > 1]
        would_be = _Persons({self.persons.of(target) for target in self.known})
        for group in groups:
            would_be.unite([self.persons.of(target) for target in group])
        named: dict[str, set[str]] = defaultdict(set)
        for target, one in self.known.items():
            if one.crosswalk is not None:
                named[would_be.of(self.persons.of(target))].add(one.crosswalk)
        refused = {person for person, names in named.items() if len(names) > 1}
        whole = {target: would_be.of(self.persons.of(target)) for target in self.known}
        self.ambiguous |= {target for target, person in whole.items() if person in refused}
        for group in groups:
            if whole[group[0]] not in refused:
                self.persons.unite(group)
                for target in group:
                    self.basis.setdefault(target, level)

    def by(self, values: Mapping[str, Iterable[object]]) -> list[list[str]]:
        """The targets of each value."""
        found: dict[object, list[str]] = defaultdict(list)
        for target, of_target in values.items():
            for value in of_target:
                found[value].append(target)
        return list(found.values())

    def nameless(self) -> None:
        """The last level."""
        at: dict[str, list[str]] = defaultdict(list)
        for target, one in self.known.items():
            for number in one.phones:
                at[number].append(target)
        named = {
            number: [target for target in targets if self.names[target]] for number, targets in at.items()
        }
        sizes = {person: len(targets) for person, targets in self.persons.members().items()}
        unclear: set[str] = set()
        leads: dict[str, set[str]] = {}
        for target, one in self.known.items():
            if self.names[target] or not one.phones:
                continue
            disputed = any(
                len({name for other in named[number] for name in self.names[other]}) > 1
                for number in one.phones
            )
            person = self.persons.of(target)
            leads[target] = {self.persons.of(other) for number in one.phones for other in named[number]}
            if sizes[person] > 1:
                leads[target].add(person)
            if disputed or len(leads[target]) > 1:
                unclear.add(target)
        # Those that are clear go together where nobody is named, unless they then lead to two persons.
        clear = [target for target in leads if target not in unclear]
        together = _Persons(clear)
        unnamed = [
            [target for target in targets if target not in unclear]
            for number, targets in at.items()
            if not named[number]
        ]
        for group in unnamed:
            together.unite(group)
        for targets in together.members().values():
            if len({person for target in targets for person in leads[target]}) > 1:
                unclear |= set(targets)
        self.ambiguous |= unclear
        groups = [[target for target in group if target not in unclear] for group in unnamed]
        for number, targets in at.items():
            joining = [target for target in targets if target in leads and target not in unclear]
            if named[number] and joining:
                groups.append([*joining, *named[number]])
        self.link(PHONE, groups)


def match(known: Mapping[str, Known], nicknames: Nicknames) -> dict[str, Matched]:
    """Target key → the person that it is, and how that was told."""
    work = _Match(known, nicknames)
    work.link(CROSSWALK, work.by({key: filter(None, [one.crosswalk]) for key, one in known.items()}))
    work.link(EXTERNAL_ID, work.by({key: one.external_ids for key, one in known.items()}))
    work.link(EMAIL, work.by({key: one.emails for key, one in known.items()}))
    work.link(
        PHONE_AND_NAME,
        work.by(
            {
                key: [(number, name) for number in one.phones for name in work.names[key]]
                for key, one in known.items()
            }
        ),
    )
    work.nameless()
    matched: dict[str, Matched] = {}
    for targets in work.persons.members().values():
        houses = {known[target].crosswalk for target in targets} - {None}
        person = f"person:house:{houses.pop()}" if houses else f"person:{min(targets, key=str.encode)}"
        for target in targets:
            basis = work.basis.get(target, ALONE)
            matched[target] = Matched(target, person, basis, STRENGTH[basis], target in work.ambiguous)
    return matched
