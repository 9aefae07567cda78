"""Which targets are one person, a second time: level after level, each with a union-find of its own.

Belongs here: the facts that the lists give of a target, and the match. Does not belong here: SQL or data of the product,
and anything that counts attempts.

Levels, the surest first: the organization's own crosswalk, an external id, an e-mail address, a telephone number with the
same first name. Each level has the links of the levels before it, too.

- A target belongs to the widest group in which the crosswalk knows one person at most. If it has a link beyond that
  level, it is ambiguous.
- A target without a name takes the first name that everybody named at its numbers has, and joins them. If they have two
  names, it is ambiguous, and no number joins it. If nobody is named at any of its numbers, it joins the others of which
  the same is true.
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
    is_listed: bool = False
    """True if a list has a name, an id or any point of it, usable or not, or if it was attempted."""


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
    """Target key → what the lists of all systems, and the attempts, say of it."""
    known: dict[str, Known] = defaultdict(Known)
    for read in (_of_attempts, _of_voipbin, _of_outreach, _of_action_builder, _of_liondesk):
        read(rows, known)
    for row in rows.get("house_people", ()):
        key = f"{row['source']}:{row['target_id']}"
        if key in known and (row.get("person") or "").strip():
            known[key].crosswalk = row["person"].strip()
    return {key: one for key, one in known.items() if one.is_listed}


def _of_voipbin(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("voipbin_outdialtargets", ()):
        target = known[f"voipbin:{row['id']}"]
        _name(target, row.get("name"))
        for index in range(5):
            _phone(target, (row.get(f"destination_{index}") or {}).get("target"))


def _of_outreach(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("outreach_prospects", ()):
        target = known[f"outreach:{row['id']}"]
        _name(target, row.get("first_name"), row.get("last_name"))
        _external(target, row.get("external_id"))
        for kind in ("mobile", "work", "home", "other", "voip"):
            for value in row.get(f"{kind}_phones") or ():
                _phone(target, value)
        for value in row.get("emails") or ():
            _email(target, value)
    for row in rows.get("outreach_phone_numbers", ()):
        if row.get("prospect_id") is not None:
            _phone(known[f"outreach:{row['prospect_id']}"], row.get("number"))
    for row in rows.get("outreach_email_addresses", ()):
        if row.get("prospect_id") is not None:
            _email(known[f"outreach:{row['prospect_id']}"], row.get("email"))


def _of_action_builder(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("action_builder_entities", ()):
        target = known[f"action_builder:{row['id']}"]
        _name(target, row.get("first_name"), row.get("last_name"))
        _external(target, row.get("custom_id"))
        _external(target, row.get("interact_id"))
    for row in _of_entities(rows, "action_builder_phone_numbers"):
        _phone(known[f"action_builder:{row['owner_id']}"], row.get("number"))
    for row in _of_entities(rows, "action_builder_emails"):
        _email(known[f"action_builder:{row['owner_id']}"], row.get("email"))


def _of_entities(rows: Rows, table: str) -> Iterable[Row]:
    return (
        row
        for row in rows.get(table, ())
        if row.get("owner_type") == "Entity" and row.get("owner_id") is not None
    )


def _of_liondesk(rows: Rows, known: dict[str, Known]) -> None:
    for row in rows.get("liondesk_contacts", ()):
        target = known[f"liondesk:{row['id']}"]
        _name(target, row.get("first_name"), row.get("last_name"))
        _email(target, row.get("email"))
        for kind in ("mobile", "home", "office"):
            _phone(target, row.get(f"{kind}_phone"))


def _of_attempts(rows: Rows, known: dict[str, Known]) -> None:
    """Add the targets of attempts, and the numbers that were called or that called."""
    for table, name in (
        ("voipbin_campaigncalls", "outdial_target_id"),
        ("outreach_calls", "prospect_id"),
        ("action_builder_contact_attempts", "entity_id"),
        ("liondesk_contact_communications", "contact_id"),
    ):
        for row in rows.get(table, ()):
            if row.get(name) is None:
                continue
            source = next(
                one for one in ("voipbin", "outreach", "action_builder", "liondesk") if table.startswith(one)
            )
            target = known[f"{source}:{row[name]}"]
            target.is_listed = True
            _phone(target, (row.get("destination") or {}).get("target"))
            _phone(target, row.get("from" if row.get("direction") == "inbound" else "to"))


def _name(target: Known, first: str | None, last: str | None = None) -> None:
    _note(target, target.first_names, first, first)
    _note(target, set(), last, None)


def _external(target: Known, value: str | None) -> None:
    _note(target, target.external_ids, value, value)


def _phone(target: Known, value: str | None) -> None:
    _note(target, target.phones, value, phone(value))


def _email(target: Known, value: str | None) -> None:
    _note(target, target.emails, value, email(value))


def _note(target: Known, values: set[str], written: str | None, normal: str | None) -> None:
    """Note a value that a list has, and its normal form if it has one."""
    if written is not None and written.strip():
        target.is_listed = True
        if normal is not None:
            values.add(normal.strip())


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


@dataclass(frozen=True, slots=True)
class _Link:
    """What several targets share, and what each of them is joined by."""

    level: int
    basis: Mapping[str, str]


def _by(level: int, basis: str, values: Mapping[str, Iterable[object]], least: int = 2) -> list[_Link]:
    """A link for each value that at least so many targets have."""
    found: dict[object, dict[str, str]] = defaultdict(dict)
    for target, of_target in values.items():
        for value in of_target:
            found[value][target] = basis
    return [_Link(level, targets) for targets in found.values() if len(targets) >= least]


def _by_number(known: Mapping[str, Known], names: Mapping[str, set[str]]) -> tuple[list[_Link], set[str]]:
    """The links of the last level, and the nameless targets that might be several people."""
    named_at: dict[str, set[str]] = defaultdict(set)
    for target, one in known.items():
        for number in one.phones:
            named_at[number] |= names[target]
    joined: dict[object, dict[str, bool]] = defaultdict(dict)
    unclear = set()
    for target, one in known.items():
        taken = names[target] or {name for number in one.phones for name in named_at[number]}
        if not names[target] and len(taken) > 1:
            unclear.add(target)
            continue
        for number in one.phones:
            for name in taken or {""}:
                if bool(name) == bool(named_at[number]):
                    joined[number, name][target] = bool(names[target])
    links = []
    for targets in joined.values():
        if len(targets) > 1:
            named = PHONE_AND_NAME if sum(targets.values()) > 1 else PHONE
            links.append(
                _Link(3, {target: named if is_named else PHONE for target, is_named in targets.items()})
            )
    return links, unclear


def match(known: Mapping[str, Known], nicknames: Nicknames) -> dict[str, Matched]:
    """Target key → the person that it is, and how that was told."""
    names = {
        key: {name for text in one.first_names if (name := first_name(text, nicknames)) is not None}
        for key, one in known.items()
    }
    by_number, unclear = _by_number(known, names)
    links = [
        *_by(0, CROSSWALK, {key: filter(None, [one.crosswalk]) for key, one in known.items()}, least=1),
        *_by(1, EXTERNAL_ID, {key: one.external_ids for key, one in known.items()}),
        *_by(2, EMAIL, {key: one.emails for key, one in known.items()}),
        *by_number,
    ]
    of_target: dict[str, list[_Link]] = defaultdict(list)
    for link in links:
        for target in link.basis:
            of_target[target].append(link)
    person: dict[str, str] = {}
    widest: dict[str, int] = {}
    for level in range(4):
        groups = _Persons(known)
        for link in links:
            if link.level <= level:
                groups.unite(list(link.basis))
        for targets in groups.members().values():
            houses = {known[target].crosswalk for target in targets} - {None}
            if len(houses) <= 1:
                key = f"house:{houses.pop()}" if houses else min(targets, key=str.encode)
                person |= dict.fromkeys(targets, f"person:{key}")
                widest |= dict.fromkeys(targets, level)
    order = list(STRENGTH)
    matched: dict[str, Matched] = {}
    for target in known:
        joining = [link.basis[target] for link in of_target[target] if link.level <= widest[target]]
        basis = min(joining, key=order.index, default=ALONE)
        beyond = any(link.level > widest[target] for link in of_target[target])
        matched[target] = Matched(target, person[target], basis, STRENGTH[basis], beyond or target in unclear)
    return matched
