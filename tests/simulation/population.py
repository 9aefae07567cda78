"""A population of whom it is known who is who, and the lists of four systems on which these people stand.

Belongs here: people, households, numbers, how lists are kept, and how well a match tells people apart. Does not belong
here: any rule by which they are matched. The rates are guesses at real lists; whoever changes one says what list it is
like, and never what a rule needs.

Two of them were changed after a rule had been tried. First names were drawn so that two people were namesakes in .019, many
times more than in life. And .06 of couples used one address alone, on every record. With the names of today and such
couples, the rule has a precision of .968 over eight towns of 2,000, below its goal: shared addresses are its weak spot.

| what | rate | like |
|---|---|---|
| households of 1, 2, 3, 4 adults | .36 .47 .12 .05 | United States, households by adults |
| a landline, shared by the household | .30 of households | a little more than today: lists are old |
| a mobile number of one's own | .95 of adults | |
| an e-mail address of one's own | .88 | |
| a couple has a shared address · a record shows it instead | .27 of couples · .2 of their records | Pew Research Center, Couples,
  the Internet, and Social Media, 2014: 27 % of couples online share an account; the .2 is a guess |
| first names | by rank (1 ÷ (rank + 30)): two people are namesakes in .006 | well above the United States,
  where the commonest names of 1990 give some .0025 |
| a grown child with a parent's first name | .05 of households of three and more | senior and junior |
| changed the number, and some list has the old one | .08 of people | |
| the old number is somebody else's who is on a list | .25 of these | more than by chance: the lists are of one town |
| works at a firm with one switchboard of 3 to 15 people | .15 of adults, .5 of their records show it | |
| a short name instead of the full one | a habit of .5 of those whose name has one; a record differs from it in .15 | |
| accents left out | .5 of records | |
| a slip in a first name · number · address | .015 · .01 · .01 | |
| on Outreach, Action Builder, LionDesk, the dialer | .45 .50 .25 .55 | |
| on two of the dialer's lists · twice in Outreach | .25 · .03 of those on it | |
| an entry of the dialer without a name | .20 | |
| `Last, First` · first name alone · an initial, on the dialer | .03 · .10 · .03 | |
| mobile number · landline · address on a record | .85 · .30 · .75 (Action Builder .45) | |
| the office's address, or a made-up number, in the field | .01 · .004 | info@, 555-555-0123 |
| the same member number in Outreach and Action Builder | .35 of records | |
| a line in the organization's crosswalk | .02 of people on two systems | |
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulation.dialer import LAST_NAMES, Dice, address, identifier

Row = dict[str, Any]

FULL_NAMES = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph "
    "Jessica Thomas Sarah Christopher Karen Charles Lisa Daniel Nancy Matthew Margaret Anthony Sandra Mark Ashley "
    "Steven Kimberly Andrew Emily Joshua Donna Kenneth Michelle Kevin Carol Timothy Amanda Edward Melissa Jeffrey "
    "Deborah Ryan Stephanie Jacob Rebecca Gary Sharon Nicholas Laura Eric Cynthia Jonathan Kathleen Stephen Amy Larry "
    "Angela Justin Shirley Scott Brenda Brandon Emma Benjamin Anna Samuel Pamela Gregory Nicole Alexander Samantha "
    "Patrick Katherine Jack Christine José Helen Maria Luis María André Zoë Chloé Inés Sofía Jesús Noël Renée Søren "
    "João Raúl Ana Juan Carlos Miguel Rosa Paul Dorothy Donald Betty George Ruth Ronald Rachel Jason Carolyn Raymond "
    "Janet Dennis Virginia Jerry Catherine Tyler Heather Aaron Diane Henry Olivia Adam Julie Douglas Joyce Nathan "
    "Victoria Peter Kelly Zachary Christina Kyle Lauren Walter Joan Harold Evelyn Jeremy Judith Ethan Megan Carl "
    "Cheryl Keith Andrea Roger Hannah Gerald Martha Christian Jacqueline Terry Frances Sean Gloria Arthur Ann Austin "
    "Teresa Noah Kathryn Lawrence Sara Jesse Janice Joe Jean Bryan Alice Billy Madison Jordan Doris Albert Abigail "
    "Dylan Julia Bruce Judy Willie Grace Gabriel Denise Alan Amber Logan Marilyn Wayne Beverly Ralph Danielle Roy "
    "Theresa Eugene Sophia Randy Marie Vincent Diana Russell Brittany Louis Natalie Philip Isabella Bobby Charlotte "
    "Johnny Alexis Bradley Kayla Mohammed Aisha Wei Mei Priya Arjun Fatima Omar Yusuf Leila Nguyen Linh Hiroshi Yuki "
    "Kwame Ama Olga Ivan Natasha Dmitri Lars Ingrid Giulia Marco Pierre Camille Pedro Lucía"
).split()
SHORT: Mapping[str, tuple[str, ...]] = {
    "James": ("Jim", "Jimmy"),
    "Robert": ("Bob", "Rob", "Bobby"),
    "Patricia": ("Pat", "Patty"),
    "Jennifer": ("Jen", "Jenny"),
    "Michael": ("Mike",),
    "David": ("Dave",),
    "Elizabeth": ("Liz", "Beth", "Betty"),
    "William": ("Bill", "Will"),
    "Barbara": ("Barb",),
    "Richard": ("Rick", "Dick", "Rich"),
    "Susan": ("Sue",),
    "Joseph": ("Joe",),
    "Thomas": ("Tom",),
    "Christopher": ("Chris",),
    "Charles": ("Charlie", "Chuck"),
    "Daniel": ("Dan", "Danny"),
    "Matthew": ("Matt",),
    "Margaret": ("Peggy", "Maggie"),
    "Anthony": ("Tony",),
    "Steven": ("Steve",),
    "Andrew": ("Andy", "Drew"),
    "Joshua": ("Josh",),
    "Kenneth": ("Ken",),
    "Timothy": ("Tim",),
    "Edward": ("Ed", "Ted"),
    "Deborah": ("Debbie", "Deb"),
    "Rebecca": ("Becky",),
    "Nicholas": ("Nick",),
    "Jonathan": ("Jon",),
    "Kathleen": ("Kathy",),
    "Stephen": ("Steve",),
    "Benjamin": ("Ben",),
    "Samuel": ("Sam",),
    "Samantha": ("Sam",),
    "Gregory": ("Greg",),
    "Alexander": ("Alex",),
    "Patrick": ("Pat",),
    "Katherine": ("Kate", "Kathy"),
    "Christine": ("Chris", "Tina"),
    "Kimberly": ("Kim",),
    "Pamela": ("Pam",),
    "Cynthia": ("Cindy",),
    "Jeffrey": ("Jeff",),
}
HOSTS = ("mail.example.com", "post.example.org", "box.example.net")
MADE_UP = "+15555550123"
"""What people type if a form insists on a number."""
STAMP = datetime(2026, 10, 1, 12)


@dataclass(slots=True)
class Human:
    """One person: what is true, whatever the lists say."""

    number: int
    first: str
    called: str
    last: str
    mobile: str | None
    old_mobile: str | None
    landline: str | None
    switchboard: str | None
    email: str | None
    shared_email: str | None
    member: str


@dataclass(slots=True)
class Population:
    """The lists as rows of raw tables, and the truth: target key → number of the person."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    truth: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        """Add one row of a raw table."""
        self.rows.setdefault(table, []).append(row)


def _by_rank(dice: Dice, names: tuple[str, ...] | list[str]) -> str:
    return dice.weighted([(name, 1.0 / (rank + 30)) for rank, name in enumerate(names)])


class _Town:
    """Households, firms and numbers of one town."""

    def __init__(self, seed: object, adults: int) -> None:
        self.dice = Dice("population", seed)
        self.people: list[Human] = []
        self._numbers: set[str] = set()
        self._switchboards: list[tuple[str, int]] = []
        while len(self.people) < adults:
            self._household()
        dice = self.dice
        for human in self.people:
            if human.mobile is not None and dice.chance(0.08):
                taken = dice.chance(0.25)
                others = [other for other in self.people if other is not human and other.mobile is not None]
                human.old_mobile = dice.pick(others).mobile if taken else self._number()

    def _number(self) -> str:
        """A number that nobody else of the town has."""
        while True:
            number = f"+1{self.dice.between(200, 999)}55501{self.dice.between(0, 99):02d}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def _switchboard(self) -> str | None:
        """The number of the firm that one works at; a firm has 3 to 15 people of the town."""
        if not self.dice.chance(0.15):
            return None
        if not self._switchboards or self._switchboards[-1][1] == 0:
            self._switchboards.append((self._number(), self.dice.between(3, 15)))
        number, places = self._switchboards.pop()
        self._switchboards.append((number, places - 1))
        return number

    def _household(self) -> None:
        dice = self.dice
        adults = dice.weighted([(1, 0.36), (2, 0.47), (3, 0.12), (4, 0.05)])
        landline = self._number() if dice.chance(0.30) else None
        last = _by_rank(dice, LAST_NAMES)
        shared = f"family{len(self.people)}@{dice.pick(HOSTS)}" if adults > 1 and dice.chance(0.27) else None
        namesake = adults > 2 and dice.chance(0.05)
        first_of_all: Human | None = None
        for place in range(adults):
            number = len(self.people)
            first = _by_rank(dice, FULL_NAMES)
            if namesake and place == 2 and first_of_all is not None:
                first = first_of_all.first
            surname = last if dice.chance(0.8) else _by_rank(dice, LAST_NAMES)
            plain = "".join(
                letter for letter in _bare(f"{first}.{surname}").lower() if letter.isalnum() or letter == "."
            )
            email = f"{plain}{number}@{dice.pick(HOSTS)}" if dice.chance(0.88) else None
            human = Human(
                number=number,
                first=first,
                called=dice.pick(SHORT[first]) if first in SHORT and dice.chance(0.5) else first,
                last=surname,
                mobile=self._number() if dice.chance(0.95) else None,
                old_mobile=None,
                landline=landline,
                switchboard=self._switchboard(),
                email=email,
                shared_email=shared if place < 2 else None,
                member=f"M{100_000 + number}",
            )
            first_of_all = first_of_all or human
            self.people.append(human)


def _bare(text: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    )


class _Clerk:
    """Whoever keeps a list: what gets written of a person, with the slips that people make."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice

    def slip(self, text: str) -> str:
        """The text with two letters changed over, one left out, or one doubled."""
        if len(text) < 3:
            return text
        at = self.dice.between(1, len(text) - 2)
        return self.dice.pick(
            (
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[:at] + text[at + 1 :],
                text[:at] + text[at] + text[at:],
            )
        )

    def first(self, human: Human) -> str:
        """The first name as this record has it."""
        dice = self.dice
        name = human.called
        if human.first in SHORT and dice.chance(0.15):
            name = human.first if human.called != human.first else dice.pick(SHORT[human.first])
        if dice.chance(0.5):
            name = _bare(name)
        return self.slip(name) if dice.chance(0.015) else name

    def numbers(self, human: Human) -> dict[str, str]:
        """Kind (mobile, home, work) → number, E.164."""
        dice, found = self.dice, {}
        mobile = human.mobile
        if human.old_mobile is not None and dice.chance(0.5):
            mobile = human.old_mobile
        if mobile is not None and dice.chance(0.85):
            found["mobile"] = mobile
        if human.landline is not None and dice.chance(0.30):
            found["home"] = human.landline
        if human.switchboard is not None and dice.chance(0.5):
            found["work"] = human.switchboard
        for kind, number in list(found.items()):
            if dice.chance(0.01):
                at = dice.pick((3, 4, 10, 11))
                found[kind] = (
                    number[:at] + str((int(number[at]) + dice.between(1, 9)) % 10) + number[at + 1 :]
                )
            elif dice.chance(0.004):
                found[kind] = MADE_UP
        return found

    def free(self, number: str) -> str:
        """A number as people type it."""
        area, mid, end = number[2:5], number[5:8], number[8:]
        return self.dice.pick(
            (
                f"({area}) {mid}-{end}",
                f"{area}-{mid}-{end}",
                f"{area}.{mid}.{end}",
                f"1 {area} {mid} {end}",
                f"+1 {area} {mid} {end}",
                f"{area}{mid}{end}",
                f"001 {area} {mid}{end}",
            )
        )

    def email(self, human: Human, rate: float = 0.75) -> str | None:
        """The address on this record; None if there is none."""
        dice = self.dice
        if dice.chance(0.01):
            return f"{dice.pick(('info', 'office', 'sales', 'Contact'))}@{HOSTS[0]}"
        text = human.shared_email if human.shared_email is not None and dice.chance(0.2) else human.email
        if text is None or not dice.chance(rate):
            return None
        if dice.chance(0.01):
            before, _, host = text.partition("@")
            text = f"{self.slip(before)}@{host}"
        return dice.weighted([(text, 0.8), (text.capitalize(), 0.12), (f" {text} ", 0.08)])


def population(seed: object, adults: int = 700) -> Population:
    """A town, and its people on the lists of four systems. The same seed gives the same lists."""
    town = _Town(seed, adults)
    dice = Dice("lists", seed)
    clerk = _Clerk(dice)
    made = Population()
    for human in town.people:
        targets: list[tuple[str, str]] = []
        if dice.chance(0.45):
            copies = 2 if dice.chance(0.03) else 1
            targets += [_prospect(made, clerk, human, copy) for copy in range(copies)]
        if dice.chance(0.50):
            targets.append(_entity(made, clerk, human))
        if dice.chance(0.25):
            targets.append(_contact(made, clerk, human))
        if dice.chance(0.55):
            copies = (2 if dice.chance(0.25) else 1) if human.mobile or human.landline else 0
            targets += [_entry(made, clerk, human, copy, seed) for copy in range(copies)]
        for source, native in targets:
            made.truth[f"{source}:{native}"] = human.number
        if len({source for source, _ in targets}) > 1 and dice.chance(0.02):
            for source, native in targets:
                made.add(
                    "house_people",
                    {"source": source, "target_id": native, "person": f"member {human.member}"},
                )
    return made


def _prospect(made: Population, clerk: _Clerk, human: Human, copy: int) -> tuple[str, str]:
    number = 2_000 + human.number * 2 + copy
    numbers = clerk.numbers(human)
    email = clerk.email(human)
    row: Row = {
        "id": number,
        "first_name": None if clerk.dice.chance(0.02) else clerk.first(human),
        "last_name": human.last,
        "emails": [] if email is None else [email],
        "external_id": human.member if clerk.dice.chance(0.35) else None,
        "created_at": STAMP,
        "updated_at": STAMP,
    }
    row |= {
        f"{kind}_phones": [clerk.free(numbers[kind])] if kind in numbers else []
        for kind in ("mobile", "work", "home")
    }
    made.add("outreach_prospects", row)
    for place, (kind, value) in enumerate(numbers.items()):
        made.add(
            "outreach_phone_numbers",
            {
                "id": number * 10 + place,
                "number": value,
                "raw_number": clerk.free(value),
                "phone_type": kind,
                "prospect_id": number,
            },
        )
    return "outreach", str(number)


def _entity(made: Population, clerk: _Clerk, human: Human) -> tuple[str, str]:
    number = 50_000 + human.number
    made.add(
        "action_builder_entities",
        {
            "id": number,
            "interact_id": identifier("interact", number),
            "first_name": clerk.first(human),
            "last_name": human.last,
            "custom_id": human.member if clerk.dice.chance(0.35) else None,
            "created_at": STAMP,
            "updated_at": STAMP,
        },
    )
    owner = {"owner_id": number, "owner_type": "Entity", "created_at": STAMP, "updated_at": STAMP}
    for place, (kind, value) in enumerate(clerk.numbers(human).items()):
        made.add(
            "action_builder_phone_numbers",
            {
                "id": number * 10 + place,
                "number": clerk.free(value),
                "number_type": kind,
                "status": "user_added",
                **owner,
            },
        )
    email = clerk.email(human, 0.45)
    if email is not None:
        made.add("action_builder_emails", {"id": number, "email": email, "status": "verified", **owner})
    return "action_builder", str(number)


def _contact(made: Population, clerk: _Clerk, human: Human) -> tuple[str, str]:
    number = 100 + human.number
    numbers = clerk.numbers(human)
    written = {kind: clerk.free(value) for kind, value in numbers.items()}
    if "work" in written and clerk.dice.chance(0.3):
        written["work"] += f" x{clerk.dice.between(10, 99)}"
    made.add(
        "liondesk_contacts",
        {
            "id": number,
            "first_name": clerk.first(human),
            "last_name": human.last,
            "email": clerk.email(human),
            "mobile_phone": written.get("mobile"),
            "home_phone": written.get("home"),
            "office_phone": "ask again" if clerk.dice.chance(0.01) else written.get("work"),
            "created_at": STAMP,
            "modified_at": STAMP,
        },
    )
    return "liondesk", str(number)


def _entry(made: Population, clerk: _Clerk, human: Human, copy: int, seed: object) -> tuple[str, str]:
    native = identifier("entry", seed, human.number, copy)
    first = clerk.first(human)
    name = clerk.dice.weighted(
        [
            ("", 0.20),
            (f"{human.last}, {first}", 0.03),
            (first, 0.10),
            (f"{first[0]}. {human.last}", 0.03),
            (f"{first} {human.last}", 0.64),
        ]
    )
    # A list for the dialer is made of those who have a number.
    numbers = list(clerk.numbers(human).values())
    if not numbers:
        numbers = [number for number in (human.mobile, human.landline) if number is not None][:1]
    row: Row = {
        "id": native,
        "outdial_id": identifier("outdial", copy),
        "name": name,
        "status": "idle",
        "tm_create": STAMP,
        "tm_update": STAMP,
    }
    row |= {f"destination_{place}": address(value, name) for place, value in enumerate(numbers)}
    made.add("voipbin_outdialtargets", row)
    return "voipbin", native


# ------------------------------------------------------------------------------------------------ how well it went


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the pairs of targets that a match calls one person, the share that is; of those that are, the share found."""

    precision: float
    recall: float
    pairs: int

    def __str__(self) -> str:
        return f"precision {self.precision:.4f}, recall {self.recall:.4f} of {self.pairs} pairs"


def quality(truth: Mapping[str, int], persons: Mapping[str, str]) -> Quality:
    """How well persons (target key → person key) agree with the truth, pair by pair. 0 of 0 counts as 1.

    Raises KeyError if a target of the truth has no person.
    """
    both = _pairs((truth[target], persons[target]) for target in truth)
    found = _pairs(persons[target] for target in truth)
    true = _pairs(truth.values())
    return Quality(both / found if found else 1.0, both / true if true else 1.0, true)


def pooled(qualities: Sequence[Quality]) -> Quality:
    """The quality over all pairs of several towns."""
    right = sum(one.recall * one.pairs for one in qualities)
    told = sum(one.recall * one.pairs / one.precision for one in qualities)
    true = sum(one.pairs for one in qualities)
    return Quality(right / told, right / true, true)


def _pairs(groups: Iterable[object]) -> int:
    """How many pairs of elements have the same group."""
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())
