"""What a value may look like, held to Python: a moment, a UUID or a list in any spelling is the same value, and no other."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import duckdb
import pytest

from pipelines.ingest import values
from pipelines.sources import NEVER, Field

TIME = Field("at", "timestamp", "A time.", sentinels=NEVER)
ID = Field("id", "uuid", "An id.", sentinels=(str(UUID(int=0)),))
FIRST, LAST = datetime(1900, 1, 1), datetime(9998, 12, 1)


def read(sql: str, texts: Sequence[str | None]) -> list[Any]:
    """What the SQL, over ``x``, makes of each text; times are UTC in the session, as in a warehouse."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = con.execute(
            f"SELECT {sql} FROM (SELECT unnest($texts) AS x, unnest(range(len($texts))) AS i) ORDER BY i",
            {"texts": texts},
        ).fetchall()
    return [row[0] for row in rows]


def moments(texts: Sequence[str | None]) -> list[datetime | None]:
    found: list[datetime | None] = read(values.typed(TIME, "x"), texts)
    return found


# --- times -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-20 17:02:11.120 UTC", "2026-10-20 17:02:11.120"),  # BigQuery
        ("2026-10-20 17:02:11 UTC", "2026-10-20 17:02:11"),  # Rails
        ("2026-10-21 08:00:04.000 -0700", "2026-10-21 15:00:04"),  # Snowflake
        ("2026-10-20 17:02:11.1234567 -05:00", "2026-10-20 22:02:11.123456"),  # SQL Server
        ("2026-10-20 17:02:11.1234567 +05:00", "2026-10-20 12:02:11.123456"),
        ("2026-10-20 17:02:11.12 +0000 UTC", "2026-10-20 17:02:11.12"),  # Go
        ("2026-10-20 17:02:11.123456789 +0000 UTC m=+0.000012", "2026-10-20 17:02:11.123456"),
        ("2026-10-21 15:00:04+00", "2026-10-21 15:00:04"),  # PostgreSQL
        ("2026-10-20 17:02:11+05:30", "2026-10-20 11:32:11"),
        ("2026-10-20T17:02:11.120+0000", "2026-10-20 17:02:11.12"),  # Java
        ("2026-10-20 17:02:11 +0530", "2026-10-20 11:32:11"),
        ("2026-10-20 17:02:11 +05", "2026-10-20 12:02:11"),
        ("2026-10-20 17:02:11 Z", "2026-10-20 17:02:11"),
        ("2026-10-20 17:02 GMT", "2026-10-20 17:02:00"),
        ("2026-10-20t17:02:11z", "2026-10-20 17:02:11"),
        ("2026-10-20 17:02:11,120", "2026-10-20 17:02:11.12"),
        ("  2026-10-20 17:02:11\t", "2026-10-20 17:02:11"),
        (" 2026-10-20 ", "2026-10-20 00:00:00"),
        ("2026-10-20T24:00:00Z", "2026-10-21 00:00:00"),
    ],
)
def test_a_time_as_databases_and_languages_write_it(text: str, moment: str) -> None:
    assert moments([text]) == [datetime.fromisoformat(moment)]


@pytest.mark.parametrize(
    "text",
    [
        "10/11/2026",
        "20.10.2026 17:02:11",
        "2026-02-29",
        "2026-13-01 00:00:00 UTC",
        "2026-10-20 25:00:00 -0700",
        "2026-10-20 17:60:00 UTC",
        "2026-10-20 17:02:60 UTC",
        "2026-10-20 17:02:11 EST",
        "2026-10-20 17:02:11 Europe/Berlin",
        "2026-10-20 17:02:11 +0200 UTC",
        "2026-10-20 17:02:11 -0700 -0800",
        "2026-10-20 17:02:11 PDT",
        "2026-10-20 17:02:11 -0700 XYZ",
        "2026-10-20 17:02:11 +25:00",
        "2026-10-20 17:02:11 05:00",
        "2026-10-20 -0700",
        "2026-10-20 UTC",
        "2026-10-20Z",
        "1792515731",
        "1792515731.12",
        "17:02:11",
        "2026-10-20 17:02:11 and more",
        "epoch",
        "now",
    ],
)
def test_what_is_no_time_or_could_be_several(text: str) -> None:
    assert moments([text]) == [None]
    assert read(values.is_unset(TIME, "x"), [text]) == [False]


def test_no_time() -> None:
    texts = ["", " ", "\t\r\n", "\u00a0", "null", "9999-12-31", " 9999-01-01 00:00:00 UTC"]
    assert moments([*texts, None]) == [None] * 8
    assert read(values.is_unset(TIME, "x"), texts) == [True] * 7


def rendered(chance: random.Random, moment: datetime) -> str:
    """One of the spellings of a moment (UTC), with a zone of any kind; its fraction is as long as it needs to be, or longer."""
    zone: Callable[[], str] = chance.choice(
        [
            lambda: chance.choice(
                ["", "Z", " Z", "z", " UTC", " utc", " GMT", "UTC", " +0000 UTC", " +00:00 GMT"]
            ),
            lambda: " +0000 UTC m=+1.5",
            lambda: " {s}{h:02}{m:02}" + chance.choice([" PDT", " cest", " {s}{h:02}{m:02}", " IST m=+1.5"]),
            lambda: chance.choice(["", " "]) + chance.choice(["{s}{h:02}:{m:02}", "{s}{h:02}{m:02}"]),
            lambda: chance.choice(["", " "]) + "{s}{h:02}",
        ]
    )
    form = zone()
    minutes = 0
    if "{" in form:
        minutes = chance.randrange(0, 15 * 60, 1 if "{m" in form else 60)
        sign = chance.choice("+-")
        form = form.format(s=sign, h=minutes // 60, m=minutes % 60)
        minutes = minutes if sign == "+" else -minutes
    local = moment + timedelta(minutes=minutes)
    clock = local.strftime("%H:%M")
    if moment.microsecond:
        digits = f"{moment.microsecond:06}".rstrip("0") + "0" * chance.randrange(0, 3)
        clock += local.strftime(":%S") + chance.choice(".,") + digits
    elif moment.second or chance.random() < 0.5:
        clock += local.strftime(":%S") + chance.choice(["", ".0", ",000", ".000000000"])
    day = f"{local.year:04}-{local:%m-%d}"
    if (clock, form) == ("00:00", "") and chance.random() < 0.5:
        return chance.choice(["", " "]) + day
    return (
        chance.choice(["", "", " ", "\t"])
        + day
        + chance.choice(" Tt")
        + clock
        + form
        + chance.choice(["", "", " ", "\r\n"])
    )


def random_moment(chance: random.Random) -> datetime:
    seconds = chance.randrange(int((LAST - FIRST).total_seconds()))
    moment = FIRST + timedelta(seconds=seconds - seconds % chance.choice([1, 60, 86_400]))
    return moment + timedelta(microseconds=chance.choice([0, 0, 120_000, 500, chance.randrange(1_000_000)]))


STRICT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(?P<zone>\S.*))?)?", re.ASCII
)
NAMES = {"z", "utc", "gmt"}
ZONES = set(
    "acdt acst aedt aest akdt akst awst bst cat cdt cest cet cst eat edt eest eet est hdt hkt hst ist jst kst mdt msk mst "
    "ndt nst nzdt nzst pdt pkt pst sast sst wat west wet wib wit wita".split()
)


def oracle(text: str) -> datetime | None:
    """The moment in a text, as Python reads it; None if the text is no time, or one of a named zone."""
    if (found := STRICT.fullmatch(text.strip(" \t\r\n\f\v"))) is None:
        return None
    day, hours, minutes, seconds, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(day)
        if hours is None:
            return moment
        clock = [int(part or 0) for part in (hours, minutes, seconds, f"{fraction or '':0<6}"[:6])]
        if clock == [24, 0, 0, 0]:
            moment, clock = moment + timedelta(days=1), [0, 0, 0, 0]
        moment = moment.replace(hour=clock[0], minute=clock[1], second=clock[2], microsecond=clock[3])
        if zone is None or zone.lower() in NAMES:
            return moment
        offset, _, name = zone.partition(" ")
        name, _, reading = name.partition(" ")
        if not re.fullmatch(r"[+-]\d\d(:?\d\d)?", offset, re.ASCII):
            return None
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].strip(":") or 0))
        is_said_again = re.fullmatch(r"[+-]\d\d(\d\d)?", name, re.ASCII) and offset.replace(
            ":", ""
        ).startswith(name)
        if name and not is_said_again and name.lower() not in ZONES and (name.lower() not in NAMES or ahead):
            return None
        if reading and not re.fullmatch(r"m=[+-]\d+\.\d+", reading, re.ASCII | re.IGNORECASE):
            return None
        there = timezone(ahead if offset[0] == "+" else -ahead)
        return moment.replace(tzinfo=there).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


@pytest.mark.parametrize("seed", range(3))
def test_every_spelling_of_a_moment_is_that_moment(seed: int) -> None:
    chance = random.Random(seed)
    expected = [random_moment(chance) for _ in range(20_000)]
    texts = [rendered(chance, moment) for moment in expected]
    wrong = [
        (text, found, moment)
        for text, found, moment in zip(texts, moments(texts), expected, strict=True)
        if not found == moment == oracle(text)
    ]
    assert wrong == []


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_time_is_null_or_what_it_says(seed: int) -> None:
    chance = random.Random(100 + seed)
    texts = []
    for _ in range(40_000):
        text = list(rendered(chance, random_moment(chance)))
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(text) + 1)
            kind = chance.randrange(3)
            if kind == 0:
                text.insert(place, chance.choice("0123456789-+: .,TZtz/UGEmM"))
            elif text and kind == 1:
                text.pop(place - 1)
            elif text:
                text[place - 1] = chance.choice("0123456789-+: .,TZtz/UGEmM")
        texts.append("".join(text))
    # The year 0 is the year 1 BC, which Python does not have; 9999 means never.
    texts = [text for text in texts if not re.match(r"\s*(0000|9999)", text)]
    found = moments(texts)
    assert sum(moment is not None for moment in found) > 1_000
    assert [
        (text, moment, oracle(text))
        for text, moment in zip(texts, found, strict=True)
        if moment is not None and moment != oracle(text)
    ] == []


# --- lists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("{a,b}", ["a", "b"]),
        ('{q4,"call back"}', ["q4", "call back"]),
        ("{}", []),
        ("{NULL,a}", [None, "a"]),
        ('{"NULL",null}', ["NULL", None]),
        (r'{"say \"hi\"","back\\slash",""}', ['say "hi"', "back\\slash", ""]),
        ('{"a,b","{c}","d\ne"}', ["a,b", "{c}", "d\ne"]),
        ("{Ünïcode,日本}", ["Ünïcode", "日本"]),
        ('["a", null]', ["a", None]),
        (' [\n  "a"\n]', ["a"]),
        ("[]", []),
        ("one", ["one"]),
    ],
)
def test_a_list(text: str, texts: list[str | None]) -> None:
    assert read(values.texts("x"), [text]) == [texts]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"a":"b,c"}',
        '{"a":["b"]}',
        "{{a},{b}}",
        "{a,}",
        "{,}",
        "{a",
        '{"a}',
        '{"a"b}',
        "{a b}",
        "['a']",
        '["a"',
    ],
)
def test_what_is_no_list_of_texts(text: str) -> None:
    assert read(values.texts("x"), [text]) == [None]
    assert read(values.is_unset(Field("tags", "texts", "Tags."), "x"), [text]) == [False]


def test_no_list() -> None:
    assert read(values.texts("x"), ["", "  ", "null", None]) == [None] * 4
    assert read(values.is_unset(Field("tags", "texts", "Tags."), "x"), ["", "  ", "null"]) == [True] * 3


def test_any_list_comes_back_from_the_array_that_postgresql_writes_of_it() -> None:
    chance = random.Random(7)

    def element(text: str | None) -> str:
        if text is None:
            return "NULL"
        if text == "" or text.upper() == "NULL" or re.search(r'[\s"\\,{}]', text):
            return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
        return text

    lists = [
        [
            chance.choice([None, "", "NULL", "".join(chance.choices('ab"\\,{} \nüN', k=chance.randrange(6)))])
            for _ in range(chance.randrange(5))
        ]
        for _ in range(5_000)
    ]
    assert read(values.texts("x"), [f"{{{','.join(map(element, each))}}}" for each in lists]) == lists


# --- ids, numbers, flags ---------------------------------------------------------------------------------------------


def test_every_spelling_of_a_uuid_is_one_id() -> None:
    chance = random.Random(3)
    for _ in range(50):
        one = UUID(int=chance.getrandbits(128))
        spellings = [str(one), one.hex, f"{{{one}}}", one.urn, f"{{{one.hex}}}", f" {one}\n"]
        spellings += [text.upper() for text in spellings]
        assert set(read(values.typed(ID, "x"), spellings)) == {one}


def test_what_is_no_uuid_and_what_is_nobodys() -> None:
    one = str(UUID(int=7))
    wrong = [one[:-1], f"{one}0", f"{{{one}", one.replace("0", "g", 1), "7", f"urn:{one}", f"{one} {one}"]
    assert read(values.typed(ID, "x"), wrong) == [None] * 7
    assert read(values.is_unset(ID, "x"), wrong) == [False] * 7
    nobody = ["", " ", str(UUID(int=0)), UUID(int=0).hex, UUID(int=0).urn, f"{{{UUID(int=0)}}}"]
    assert read(values.typed(ID, "x"), nobody) == [None] * 6
    assert read(values.is_unset(ID, "x"), nobody) == [True] * 6


def test_a_whole_number() -> None:
    assert read(values.whole("x", "BIGINT"), [" 7 ", "7.0", "+7", "\t7\r\n", "007"]) == [7] * 5
    wrong = ["7,0", "7.5", "1,000", "1 000", "1.000,0", "1e3", "1E+11", "0x1F", "7-", "", " ", "NaN"]
    assert read(values.whole("x", "BIGINT"), wrong) == [None] * len(wrong)


def test_a_flag() -> None:
    true = ["true", "TRUE", "t", "T", "yes", "Yes", "y", "Y", "1", "1.0", " yes "]
    false = ["false", "False", "f", "F", "no", "NO", "n", "N", "0", "0.0", " n "]
    assert read(values.flag("x"), [*true, *false]) == [True] * len(true) + [False] * len(false)
    assert read(values.flag("x"), ["2", "on", "", "-1", "j", None]) == [None] * 6
