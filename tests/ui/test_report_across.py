"""The page's word on people: counted once at its head, and the chapter on what was done to them over all systems.

What a table holds is not judged here; that the page holds the same, and that search, copying and CSV work, is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.report import render, trace
from pipelines.report.naming import Naming
from pipelines.report.reader import open_published
from pipelines.report.text import number, percent, raw
from pipelines.report.vocabulary import HELD_BACK, NOT_JUDGED, REASONS, RESTRICTIONS, VERDICTS, VIA
from pipelines.settings import ROOT
from tests.sql.logs import liondesk
from tests.ui.published_file import NAMES, write_published
from tests.ui.test_report import as_set, open_all, opened, published_log, rows, saved

if TYPE_CHECKING:
    from playwright.sync_api import Page


def one(published: Path, query: str) -> dict[str, Any]:
    """The one row of a query, as Python values."""
    with duckdb.connect(str(published), read_only=True) as con:
        relation = con.sql(query)
        (row,) = relation.fetchall()
        return dict(zip(relation.columns, row, strict=True))


def chapter(page: str) -> str:
    """The chapter's markup."""
    return page.partition('aria-labelledby="across"')[2].partition('aria-labelledby="further"')[0]


def a_person(published: Path) -> dict[str, Any]:
    """A person in two systems, on whom a rule was broken."""
    return one(
        published,
        "SELECT * FROM core.people WHERE systems = 2 AND display_name IS NOT NULL AND person_key IN "
        "(SELECT person_key FROM compliance.breaches WHERE verdict = 'breach') ORDER BY attempts DESC, person_key LIMIT 1",
    )


# -- the head ----------------------------------------------------------------------------------------------------------


def test_the_first_sentence_counts_people_once(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    people = one(published, "SELECT * FROM reports.people_reached WHERE source = 'all'")
    first = quiet.locator(".masthead .finding").first
    assert first.get_attribute("id") == "people"
    said = first.locator("[data-value]").evaluate_all("all => all.map(one => one.dataset.value)")
    figures = (
        "people_attempted", "people_contacted", "contact_rate", "contact_rate_low", "contact_rate_high",
    )  # fmt: skip
    assert said == [raw(people[name]) for name in figures]
    assert f"Of {number(people['people_attempted'])} people tried" in first.inner_text()
    matched = quiet.locator("#matched")
    assert matched.locator("b").get_attribute("data-value") == raw(people["is_matched_share"])
    assert percent(people["is_matched_share"]) in matched.inner_text()
    assert "each of the others counts as a person of its own" in matched.inner_text()
    # What each system says of its own targets stands beneath.
    assert "targets attempted" in quiet.locator("#people ~ #finding").inner_text()


@pytest.mark.parametrize("share", ["0.0", "NULL"])
def test_without_a_match_the_head_says_that_a_person_may_count_twice(tmp_path: Path, share: str) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    with duckdb.connect(str(path)) as con:
        con.execute(f"UPDATE reports.people_reached SET is_matched_share = {share}")
    head = render(path).partition('<nav class="nav"')[0]
    assert "Nothing says who in one system is who in another" in head
    assert "a person in two systems counts twice" in head
    assert "of the targets have a number" not in head


def test_without_people_the_head_is_that_of_the_targets(tmp_path: Path) -> None:
    path = write_published(
        tmp_path / "some.duckdb", NAMES[:4], targets=20, without=["reports.people_reached"]
    )
    head = render(path).partition('<nav class="nav"')[0]
    assert '<p class="finding" id="finding">' in head
    assert 'id="people"' not in head
    assert 'id="matched"' not in head


# -- the chapter -------------------------------------------------------------------------------------------------------


def test_the_chapter_begins_with_what_could_not_be_judged(quiet: Page, report: Path) -> None:
    opened(quiet, report, "#across")
    section = quiet.locator("section[aria-labelledby=across]")
    assert section.locator("h2").inner_text() == "Across systems"
    titles = section.locator("section.block").evaluate_all("all => all.map(one => one.id)")
    assert titles == [
        "undeclared-purposes", "people-reached", "people-in-several", "system-overlap", "contact-pressure", "called-hours",
        "contact-rule-counts", "contact-rules-idle", "contact-rule-audit", "breaches", "contact-trace", "call-next",
    ]  # fmt: skip
    caution = section.locator(":scope > .caution").inner_text()
    for said in ("not legal advice", "An area code is not a place", "No system sees consent"):
        assert said in caution
    assert quiet.locator(".nav a[href='#across']").inner_text() == "Across systems"


def test_the_lines_to_write_can_be_copied(quiet: Page, report: Path, published: Path) -> None:
    quiet.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(quiet, report)
    lines = [row["line"] for row in rows(published, "SELECT line FROM reports.undeclared_purposes")]
    assert lines
    quiet.locator("#undeclared-purposes button.copy").click()
    quiet.get_by_text("Copied.").wait_for()
    copied = quiet.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0] == "source,campaign,purpose,consent"
    assert sorted(copied[1:]) == sorted(lines)


def test_lines_are_selected_where_the_clipboard_is_refused(quiet: Page, report: Path) -> None:
    quiet.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: () => Promise.reject(new Error('no'))}})"
    )
    opened(quiet, report)
    quiet.locator("#undeclared-purposes button.copy").focus()
    quiet.keyboard.press("Enter")
    quiet.get_by_text("Selected: copy it").wait_for()
    assert "source,campaign,purpose,consent" in quiet.evaluate("getSelection().toString()")


def test_overlap_stands_in_both_maps(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    for index, column in enumerate(("people_in_both", "restricted_in_first_attempted_in_second")):
        shown = (
            quiet.locator("#system-overlap .heat")
            .nth(index)
            .locator("td[data-value]")
            .evaluate_all("all => all.map(one => Number(one.dataset.value))")
        )
        known = [int(row[column]) for row in rows(published, "SELECT * FROM reports.system_overlap")]
        assert [value for value in sorted(shown) if value] == [value for value in sorted(known) if value]


def test_caps_are_drawn_below_the_last_bar_that_keeps_them(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    chart = quiet.locator("#contact-pressure .pressure_chart").filter(
        has_text="People by the most attempts within 24 hours"
    )
    assert chart.count() == 1
    cap = one(published, "SELECT * FROM core.contact_rules WHERE rule = 'house_day'")
    said = [words.strip() for words in chart.locator(".rows > li").all_text_contents()]
    at = next(
        place for place, words in enumerate(said) if words.startswith(f"at most {cap['cap']} for each person")
    )
    assert cap["title"] in said[at]
    before = [int(words.split()[0]) for words in said[:at]]
    after = [int(words.split()[0]) for words in said[at + 1 :]]
    assert max(before) <= cap["cap"] < min(after)
    assert chart.locator("li.over").count() == len(after)
    counts = chart.locator("[data-value]").evaluate_all("all => all.map(one => one.dataset.value)")
    query = "SELECT people FROM reports.contact_pressure WHERE unit = 'person' AND period = '24h' ORDER BY attempts"
    assert counts == [row["people"] for row in rows(published, query)]


def test_hours_are_those_of_the_called(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    shown = quiet.locator("#called-hours .heat td[data-value]").evaluate_all(
        "all => all.map(one => one.dataset.value)"
    )
    query = "SELECT attempts FROM reports.called_hours WHERE source = 'all' ORDER BY weekday, hour"
    assert shown == [row["attempts"] for row in rows(published, query)]


def test_a_rule_stands_with_its_source_and_when_it_was_checked(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    law = one(published, "SELECT * FROM reports.contact_rule_counts WHERE rule = 'us-hours'")
    assert law["judged"] > 0
    row = (
        quiet.locator("#contact-rule-counts-table tbody tr").filter(has_text=law["title"]).text_content()
        or ""
    )
    assert law["citation"] in row
    assert law["checked_on"].isoformat() in row
    house = (
        quiet.locator("#contact-rule-counts-table tbody tr").filter(has_text="House hours").text_content()
        or ""
    )
    assert "Yours to set; no law is meant" in house
    off = rows(published, "SELECT title FROM reports.contact_rule_counts WHERE NOT is_on")
    quiet.locator("#contact-rules-idle details.data > summary").click()
    assert off
    assert quiet.locator("#contact-rules-idle-table td", has_text=re.compile("^off$")).count() == len(off)


def test_fifty_breaches_are_printed_and_all_are_in_the_csv(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    table = quiet.locator("#breaches-table")
    assert table.locator("tbody tr").count() == 50
    expected = rows(published, "SELECT * FROM compliance.breaches")
    words = table.text_content() or ""
    assert f"The first 50 of {number(len(expected))} rows; all are in the CSV" in words
    name, records = saved(quiet, "breaches")
    assert name == "compliance.breaches.csv"
    assert list(records[0]) == list(expected[0])
    assert as_set(records) == as_set(expected)
    said = set(table.locator("tbody td:nth-child(3)").all_text_contents())
    assert said == {VERDICTS["breach"]}
    assert set(table.locator("tbody td:nth-child(4)").all_text_contents()) <= set(REASONS.values())


def test_the_call_list_is_whom_nothing_holds_back_best_first(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    name, records = saved(quiet, "call-next")
    assert name == "reports.call_next.csv"
    expected = rows(
        published,
        "SELECT * FROM reports.call_next WHERE held_back_by IS NULL ORDER BY score DESC NULLS LAST, callable_from, target_key",
    )
    assert len(expected) > 20
    assert records == expected


# -- the search --------------------------------------------------------------------------------------------------------


def spellings(point: str) -> list[str]:
    """An American number as people write it."""
    digits = point.removeprefix("phone:+1")
    area, office, line = digits[:3], digits[3:6], digits[6:]
    return [
        point,
        f"+1{digits}",
        f"({area}) {office}-{line}",
        f"{area}.{office}.{line}",
        f"1-{area}-{office}-{line}",
    ]


def test_a_person_is_found_by_name_number_target_and_key(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    person = a_person(published)
    key = person["person_key"]
    target = rows(published, f"SELECT target_key FROM core.person_targets WHERE person_key = '{key}'")[-1][
        "target_key"
    ]
    point = one(
        published,
        f"SELECT point_key FROM reports.contact_trace WHERE person_key = '{key}' AND point_key LIKE 'phone:%' LIMIT 1",
    )["point_key"]
    for asked in (key, target, *spellings(point)):
        quiet.fill("#trace", asked)
        quiet.locator("#persons details").filter(has_text=key).first.wait_for()
        assert re.match(r"[\d,]+ (person|people)", quiet.locator("#traced").inner_text())
    quiet.fill("#trace", person["display_name"].upper())
    quiet.locator("#persons details").filter(has_text=person["display_name"]).first.wait_for()
    quiet.fill("#trace", "nobody of that name")
    quiet.get_by_text("Nobody in this page").wait_for()
    assert quiet.locator("#persons details").count() == 0
    quiet.fill("#trace", "")
    assert quiet.locator("#traced").inner_text() == ""


def test_all_that_was_done_to_a_person_is_shown_in_order(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    key = a_person(published)["person_key"]
    quiet.fill("#trace", key)
    opens = quiet.locator("#persons details[open]")
    opens.wait_for()
    expected = rows(
        published,
        f"SELECT * FROM reports.contact_trace WHERE person_key = '{key}' ORDER BY occurred_at NULLS FIRST, words, target_key",
    )
    assert len(expected) > 1
    with quiet.expect_download() as download:
        opens.locator("button.csv").click()
    text = Path(download.value.path()).read_bytes().decode("utf-8").removeprefix("\ufeff")
    records = list(csv.DictReader(io.StringIO(text, newline="")))
    assert download.value.suggested_filename == "reports.contact_trace.csv"
    assert records == [{name: row[name] for name in records[0]} for row in expected]
    opens.locator("th[data-column=words] button").click()
    said = opens.locator("tbody td:nth-child(2)").all_inner_texts()
    assert said == sorted(said, key=str.casefold)


def test_a_person_in_a_table_leads_to_what_was_done_to_it(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    button = quiet.locator("#breaches-table button.trace").first
    key = button.get_attribute("data-person") or ""
    button.focus()
    quiet.keyboard.press("Enter")
    quiet.locator("#persons details[open]").filter(has_text=key).wait_for()
    assert quiet.locator("#trace").input_value() == key
    assert quiet.evaluate("document.activeElement.id") == "trace"
    # The keyboard goes on to the person found, and closes and opens it.
    quiet.keyboard.press("Tab")
    assert quiet.evaluate("document.activeElement.tagName") == "SUMMARY"
    quiet.keyboard.press("Enter")
    assert quiet.locator("#persons details[open]").count() == 0


def test_hostile_text_in_a_trace_is_text(quiet: Page, tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    bad = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    with duckdb.connect(str(path)) as con:
        key = con.sql("SELECT min(person_key) FROM reports.contact_trace").fetchall()[0][0]
        con.execute("UPDATE core.people SET display_name = ? WHERE person_key = ?", [bad, key])
        con.execute(
            "UPDATE reports.contact_trace SET campaign_name = ?, words = '=1+1' WHERE person_key = ?",
            [bad, key],
        )
    (tmp_path / "index.html").write_text(render(path), encoding="utf-8", newline="\n")
    opened(quiet, tmp_path / "index.html")
    quiet.fill("#trace", key)
    found = quiet.locator("#persons details[open]")
    found.wait_for()
    assert found.locator("summary b").inner_text() == bad
    assert found.locator("tbody td").nth(3).inner_text() == bad
    assert quiet.locator("img").count() == 0
    with quiet.expect_download() as download:
        found.locator("button.csv").click()
    assert "'=1+1" in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_phone_shows_the_person_found(quiet: Page, report: Path, published: Path) -> None:
    quiet.set_viewport_size({"width": 390, "height": 844})
    opened(quiet, report)
    quiet.fill("#trace", a_person(published)["person_key"])
    quiet.locator("#persons details[open]").wait_for()
    assert quiet.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_was_searched_is_printed_without_its_controls(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    quiet.fill("#trace", a_person(published)["person_key"])
    quiet.locator("#persons details[open] tbody td").first.wait_for()
    quiet.emulate_media(media="print")
    assert not quiet.locator("#trace").is_visible()
    assert not quiet.locator("button.copy").is_visible()
    assert quiet.locator("#persons details[open] tbody td").first.is_visible()
    assert quiet.locator("#contact-pressure .cap-line").first.is_visible()
    assert quiet.locator("#undeclared-purposes pre").is_visible()
    assert quiet.pdf(format="A4").startswith(b"%PDF")


def test_everything_open_stays_within_the_page(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    open_all(quiet)
    assert quiet.locator("section[aria-labelledby=across] section.block").count() == 12


# -- what needs no browser ---------------------------------------------------------------------------------------------


def test_the_search_holds_whole_people_and_says_how_many(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "MOST_ROWS", 100)
    monkeypatch.setattr(trace, "MOST_PEOPLE", 40)
    with open_published(published) as file:
        found = trace.read_trace(file, Naming())
    assert found is not None
    packed = json.loads(found.text)
    assert found.people == len(packed) < 40
    assert found.rows == len([row for person in packed for row in person["rows"]]) <= 100
    counts = {
        row["person_key"]: int(row["n"])
        for row in rows(
            published, "SELECT person_key, count(*) AS n FROM reports.contact_trace GROUP BY person_key"
        )
    }
    assert all(len(person["rows"]) == counts[person["key"]] for person in packed)
    assert found.all_rows == sum(counts.values())
    broken = rows(published, "SELECT DISTINCT person_key FROM compliance.breaches WHERE verdict = 'breach'")
    assert {person["key"] for person in packed} <= {row["person_key"] for row in broken}
    page = render(published)
    assert f"In this page: {found.people} of {number(found.all_people)} people" in page


def test_a_csv_that_is_cut_says_so(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from pipelines.report import chapters, page

    cut = [
        replace(
            one,
            sections=tuple(replace(section, saved=60 if section.saved else 0) for section in one.sections),
        )
        for one in chapters.CHAPTERS
    ]
    monkeypatch.setattr(page, "CHAPTERS", cut)
    said = render(published).partition('id="breaches-table"')[2].partition("</section>")[0]
    total = number(int(one(published, "SELECT count(*) AS n FROM compliance.breaches")["n"]))
    assert "Save the first 60 as CSV" in said
    assert (
        f"The first 50 of {total} rows; the CSV has the first 60; all of them are in <code>compliance.breaches</code>"
        in said
    )


def test_one_system_shows_no_table_of_several(tmp_path: Path) -> None:
    across = chapter(render(published_log(liondesk({1: ["SENT"], 2: ["SENT", "SENT"]}), tmp_path)))
    assert 'id="contact-pressure"' in across
    for block in ("undeclared-purposes", "people-in-several", "system-overlap", "called-hours", "breaches"):
        assert f'id="{block}"' not in across


def test_an_empty_ledger_is_one_sentence_across_systems(tmp_path: Path) -> None:
    page = render(write_published(tmp_path / "empty.duckdb", [], targets=1))
    assert "No contact attempt is in this report" in page
    assert 'id="people"' not in page
    across = chapter(page)
    assert across.count("<p") == 1
    assert "there is nothing to say" in across
    assert not re.search("<(table|figure|details)", across)


@pytest.mark.parametrize(
    ("words", "folder"),
    [(VERDICTS, "compliance"), (REASONS, "compliance"), (NOT_JUDGED, "compliance"), (VIA, "compliance"),
     (RESTRICTIONS, "core"), (HELD_BACK, "reports")],
    ids=["verdict", "reason", "not_judged_because", "via", "restriction", "held_back_by"],
)  # fmt: skip
def test_plain_words_are_of_words_that_the_tables_give(words: dict[str, str], folder: str) -> None:
    text = "\n".join(
        file.read_text(encoding="utf-8") for file in sorted((ROOT / "sql" / folder).glob("*.sql"))
    )
    assert [word for word in words if f"'{word}'" not in text] == []


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (VERDICTS, "SELECT DISTINCT verdict FROM compliance.breaches"),
        (REASONS, "SELECT DISTINCT reason FROM compliance.breaches"),
        (VIA, "SELECT DISTINCT via FROM compliance.breaches WHERE via IS NOT NULL"),
        (
            NOT_JUDGED,
            "SELECT DISTINCT not_judged_because FROM reports.contact_rule_audit WHERE not_judged > 0",
        ),
        (HELD_BACK, "SELECT DISTINCT held_back_by FROM reports.call_next WHERE held_back_by IS NOT NULL"),
        (RESTRICTIONS, "SELECT DISTINCT restriction FROM core.people WHERE restriction IS NOT NULL"),
    ],
    ids=["verdict", "reason", "via", "not_judged_because", "held_back_by", "restriction"],
)
def test_no_word_of_the_file_is_left_without_a_plain_one(
    published: Path, words: dict[str, str], query: str
) -> None:
    met = {value for row in rows(published, query) for value in row.values()}
    assert met
    assert met <= set(words)
