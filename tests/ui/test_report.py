"""The report page in a browser: it loads nothing, prints the published figures, and everything on it works.

What a table holds is not judged here; that the page holds the same is.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb
import pytest

from pipelines.models.sql_files import load_models
from pipelines.publish.duckdb_file import write_database
from pipelines.report import render, write_report
from pipelines.report.tables import escape
from pipelines.report.text import definition, raw
from tests.sql.logs import Row, action_builder, liondesk, merged, voipbin, with_mapping
from tests.support import build
from tests.ui.published_file import HOSTILE, NAMES, write_published

if TYPE_CHECKING:
    from playwright.sync_api import Page

READ_TABLE = """table => {
  const value = cell => cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent;
  const headings = Array.from(table.querySelectorAll("th[data-column]"));
  const facts = table.classList.contains("facts");
  return (facts ? [table.tBodies[0]] : Array.from(table.tBodies[0].rows)).map(record => {
    const row = {};
    headings.forEach((heading, index) => {
      const cell = facts ? heading.nextElementSibling : record.cells[index];
      row[heading.dataset.column] = value(cell);
      const parts = (heading.dataset.parts || "").split(" ");
      cell.querySelectorAll("data").forEach((part, place) => { row[parts[place]] = part.value; });
    });
    return row;
  });
}"""


def published_log(log: dict[str, list[Row]], folder: Path) -> Path:
    """The published file of a log of a few rows."""
    path = folder / "some.duckdb"
    with with_mapping(log) as con:
        build(con)
        write_database(con, path, load_models())
    return path


def opened(page: Page, report: Path, place: str = "") -> Page:
    page.goto(report.as_uri() + place)
    return page


def open_all(page: Page) -> None:
    """Open everything, and wait for what was packed."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.wait_for_function("!document.querySelector('[data-packed]')")


def rows(published: Path, query: str) -> list[dict[str, str]]:
    """The published rows as the page should carry them."""
    with duckdb.connect(str(published), read_only=True) as con:
        relation = con.sql(query)
        return [dict(zip(relation.columns, map(raw, row), strict=True)) for row in relation.fetchall()]


def as_set(records: list[dict[str, str]]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted(record.items())) for record in records}


def test_opens_offline_without_a_word(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    assert quiet.locator("h1").count() == 1
    assert "targets attempted" in quiet.locator("#finding").inner_text()


@pytest.mark.parametrize(
    ("block", "query"),
    [
        ("contact-rates", "SELECT * FROM reports.campaign_contact_rates"),
        ("comparisons", "SELECT * FROM reports.comparisons WHERE campaign_key = 'all'"),
        ("dispositions", "SELECT * FROM reports.campaign_dispositions"),
        ("outcomes", "SELECT * FROM reports.campaign_outcomes"),
        ("attempt-curve-overall", "SELECT * FROM reports.attempt_curve WHERE campaign_key = 'all'"),
        ("standing", "SELECT * FROM reports.campaign_standing"),
        ("violations", "SELECT * FROM reports.violation_counts"),
        ("agreement", "SELECT * FROM reports.agreement_counts"),
        ("headline", "SELECT * FROM reports.headline"),
        ("headline-sources", "SELECT * FROM reports.headline_sources"),
        ("row-accounting", "SELECT * FROM quality.row_accounting"),
        ("rejected-rows", "SELECT * FROM quality.rejected_rows"),
        ("notices", "SELECT * FROM quality.notices"),
        ("failed-checks", "SELECT * FROM quality.check_results WHERE NOT passed"),
        ("mapping", "SELECT * FROM core.dispositions"),
        ("undeclared-purposes", "SELECT * FROM reports.undeclared_purposes"),
        ("people-reached", "SELECT * FROM reports.people_reached WHERE people > 0"),
        ("system-overlap", "SELECT * FROM reports.system_overlap"),
        ("contact-pressure", "SELECT * FROM reports.contact_pressure"),
        ("called-hours", "SELECT * FROM reports.called_hours"),
        ("contact-rule-counts", "SELECT * FROM reports.contact_rule_counts WHERE judged > 0"),
        ("contact-rules-idle", "SELECT * FROM reports.contact_rule_counts WHERE judged = 0"),
        ("contact-rule-audit", "SELECT * FROM reports.contact_rule_audit WHERE judged > 0"),
    ],
)
def test_a_table_of_the_page_is_the_published_table(
    quiet: Page, report: Path, published: Path, block: str, query: str
) -> None:
    opened(quiet, report)
    shown = quiet.locator(f"#{block}-table table").evaluate(READ_TABLE)
    expected = rows(published, query)
    assert as_set(shown) == as_set(expected)
    assert len(shown) == len(expected)


def test_a_comparison_says_clear_or_not_told_apart(quiet: Page, report: Path, published: Path) -> None:
    """In words where the published column says yes or no, and the difference in points with its interval below it."""
    opened(quiet, report)
    table = quiet.locator("#comparisons-table table")
    heads = table.locator("thead th").evaluate_all("cells => cells.map(cell => cell.dataset.column)")
    lines = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => [cell.firstChild.textContent, cell.dataset.value]))"
    )
    said = Counter(line[heads.index("is_clear")][0] for line in lines)
    with duckdb.connect(str(published), read_only=True) as con:
        clear, others = con.sql(
            "SELECT count(*) FILTER (is_clear), count(*) FILTER (NOT is_clear) FROM reports.comparisons "
            "WHERE campaign_key = 'all'"
        ).fetchall()[0]
    assert said == {word: count for word, count in (("clear", clear), ("not told apart", others)) if count}
    assert others
    for line in lines:
        words, value = line[heads.index("difference")]
        assert words.startswith(("+", "−", "0.0"))
        assert float(value) == pytest.approx(
            float(line[heads.index("rate")][1]) - float(line[heads.index("other_rate")][1]), abs=1e-12
        )


def test_every_row_of_every_report_is_on_the_page(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    open_all(quiet)
    shown: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for name, records in quiet.evaluate(
        f"() => Array.from(document.querySelectorAll('table[data-table]'))"
        f".map(table => [table.dataset.table, ({READ_TABLE})(table)])"
    ):
        shown.setdefault(name, set()).update(as_set(records))
    with duckdb.connect(str(published), read_only=True) as con:
        tables = [
            name
            for (name,) in con.sql(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'reports'"
            ).fetchall()
        ]
    assert tables
    parts = {"best_time": "WHERE is_default"}
    elsewhere = {"contact_trace", "call_next"}  # long: the search and the CSV have them
    for table in set(tables) - elsewhere:
        assert shown.get(f"reports.{table}", set()) == as_set(
            rows(published, f"SELECT * FROM reports.{table} {parts.get(table, '')}")
        ), table


def test_the_finding_counts_targets_once(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    figures = quiet.locator("#finding [data-value]").evaluate_all(
        "all => all.map(one => Number(one.dataset.value))"
    )
    expected = rows(
        published,
        "SELECT count(DISTINCT target_key) AS attempted, count(DISTINCT target_key) FILTER (is_contact) AS reached "
        "FROM core.attempts WHERE is_attempt AND measures_contact",
    )[0]
    attempted, reached = int(expected["attempted"]), int(expected["reached"])
    assert figures[:2] == [attempted, reached]
    assert figures[2] == pytest.approx(reached / attempted)
    assert figures[3] < reached / attempted < figures[4]
    assert figures[5] + figures[6] == attempted - reached
    outcomes = rows(
        published,
        "SELECT bool_and(outcome = 'closed') AS closed FROM replay.contact_outcomes JOIN (SELECT target_key "
        "FROM core.attempts WHERE is_attempt AND measures_contact GROUP BY ALL HAVING NOT bool_or(is_contact)) "
        "USING (target_key) GROUP BY target_key",
    )
    assert figures[6] == [row["closed"] for row in outcomes].count("true") > 0


def test_the_campaigns_of_the_first_sentence_are_those_counted_below_it(
    quiet: Page, report: Path, published: Path
) -> None:
    (tried,) = rows(
        published,
        "SELECT count(*) AS campaigns FROM reports.campaign_contact_rates "
        "WHERE attempts > 0 AND campaign_key NOT LIKE '%:none'",
    )
    opened(quiet, report)
    assert f"attempted in {tried['campaigns']} campaigns" in quiet.locator("#finding").inner_text()
    counted = (
        quiet.locator(".glance > div", has_text="Campaigns").inner_text().partition("contact not measured")
    )
    assert sum(map(int, re.findall(r"\d+", counted[0]))) == int(tried["campaigns"])
    assert "LionDesk" in counted[2]


def test_the_finding_counts_neither_contacts_nor_campaigns_for_targets(tmp_path: Path) -> None:
    """Entity 1 was reached three times, by two campaigns; of 6 the last attempt over both found a bad number.

    Of the dialer's, 3 is being called, and so is 5, reached before.
    """
    log = merged(
        action_builder({1: ["C", "C"], 2: ["NA"], 6: ["BAD"], 7: ["NA", "DNC"]}),
        action_builder({1: ["C"], 6: ["NA"]}, campaign=2, first_id=500),
        voipbin({3: ["NA", "OPEN"], 4: ["NA"], 5: ["C", "OPEN"]}),
    )
    page = render(published_log(log, tmp_path))
    finding = page.partition('id="finding"')[2].partition("</p>")[0]
    values = [float(value) for value in re.findall(r'data-value="([^"]+)"', finding)]
    assert values[:2] == [7, 2]
    assert values[2] == pytest.approx(2 / 7)
    assert values[5:] == [3, 2]  # open: 2, 3 and 4; closed: 6 and 7
    assert 'data-value="1" id="finding-unknown"' in page
    assert (
        "In VoIPBIN a target is an entry of one of its lists: a person on two lists is two targets." in page
    )
    assert "In Action Builder a target is a record of its own" in page
    assert "A person who is in two systems is a target in both." in page
    assert "Outreach" not in page.partition("</header>")[0]


def test_the_words_on_targets_are_those_that_the_sources_publish(tmp_path: Path) -> None:
    path = published_log(merged(voipbin({1: ["C"]}), liondesk({1: ["SENT"]})), tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "UPDATE core.sources SET title = 'Acme', target_words = 'a moose' WHERE source = 'voipbin'"
        )
    page = render(path)
    head = page.partition("</header>")[0]
    assert "In Acme a target is a moose." in head
    assert "LionDesk cannot tell whether anybody was reached; what it sent is in no contact rate." in head
    assert "two systems" not in head
    assert "VoIPBIN" not in page.replace("VoIPBIN campaign", "").partition('id="definitions"')[0]


def test_without_titles_a_system_keeps_its_own_name(tmp_path: Path) -> None:
    path = published_log(action_builder({1: ["C"]}), tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("DROP TABLE core.sources")
    page = render(path)
    assert "a target is" not in page.partition("</header>")[0]
    assert "<small>action builder</small>" in page


def test_without_a_headline_the_page_says_nothing_in_its_place(tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20, without=("reports.headline",))
    head, _, page = render(path).partition("</header>")
    assert 'id="finding"' not in head
    assert "read from" not in head
    assert 'id="contact-rates"' in page


def test_the_rate_chart_shows_the_published_rates_from_high_to_low(
    quiet: Page, report: Path, published: Path
) -> None:
    opened(quiet, report)
    chart = quiet.locator("#contact-rates .interval_chart")
    shown = chart.locator("[data-value]").evaluate_all("all => all.map(one => one.dataset.value)")
    query = "SELECT contact_rate_per_target AS rate FROM reports.campaign_contact_rates ORDER BY rate DESC"
    assert shown == [row["rate"] for row in rows(published, query)]
    assert chart.locator("circle").count() == len(shown)


def test_a_bar_of_records_says_how_many_are_attempts(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    totals = rows(
        published,
        "SELECT sum(attempts)::BIGINT AS records, sum(attempts) FILTER (is_attempt)::BIGINT AS attempts "
        "FROM reports.campaign_dispositions GROUP BY campaign_key",
    )
    said = set(quiet.locator("#dispositions .stack_chart .rows .words").all_text_contents())
    expected = {
        f"{int(row['records']):,}"
        + (f" {row['attempts']} attempts" if row["attempts"] != row["records"] else "")
        for row in totals
    }
    assert said == expected
    assert any("attempts" in words for words in said)
    legend = quiet.locator("#dispositions .legend li").all_text_contents()
    assert "Skipped, no attempt" in legend
    assert "No contact" in legend


def test_a_source_that_cannot_record_refusals_is_said_to(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    cautions = quiet.locator("#aapor-overall .caution").all_text_contents()
    assert len(cautions) == 1
    assert "VoIPBIN cannot record a refusal (R) or bad contact information (NE)" in cautions[0]


def test_the_classes_in_force_are_written_out(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    common, own, dialer = quiet.locator("#aapor-classes-overall .note.wide").all_text_contents()
    assert common.startswith("Action Builder: contacted = I, ")
    assert "; but " not in common
    assert own.startswith("Outreach: contacted = I, ")
    assert "; but call_disposition answered - not interested = R" in own
    assert dialer.startswith("VoIPBIN: contacted = I, ")
    assert dialer.endswith("; but hangup_reason failed = UH.")


def test_words_of_the_definitions_are_the_files_comments(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    block = quiet.locator("#contact-rates details.definition")
    block.locator("summary").click()
    block.locator(".words").wait_for()
    with duckdb.connect(str(published), read_only=True) as con:
        comments = con.sql(
            "SELECT column_name, comment FROM duckdb_columns() "
            "WHERE schema_name = 'reports' AND table_name = 'campaign_contact_rates'"
        ).fetchall()
    said = " ".join(block.inner_text().split())
    for name, comment in comments:
        assert name in said
        words, kind = definition(comment)
        assert " ".join(words.split()) in said
        assert kind in said
    assert "[share]" not in said
    assert "a share, 0 to 1" in said


def test_sorting_goes_by_value_and_says_so(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    table = quiet.locator("#contact-rates-table table")
    heading = table.locator("th[data-column=attempts]")
    for order in ("descending", "ascending"):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        values = [int(record["attempts"]) for record in table.evaluate(READ_TABLE)]
        assert values == sorted(values, reverse=order == "descending")
    heading = table.locator("th[data-column=campaign_name]")
    heading.locator("button").focus()
    quiet.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert table.locator("th[aria-sort]").count() == 1
    names = table.locator("tbody td:first-child").all_inner_texts()
    assert names == sorted(names, key=str.casefold)


def test_nothing_known_sorts_last_both_ways(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    table = quiet.locator("#contact-rates-table table")
    button = table.locator("th[data-column=penetration] button")
    for _ in range(2):
        button.click()
        shown = [record["penetration"] for record in table.evaluate(READ_TABLE)]
        assert "" in shown
        assert shown.index("") == len(list(filter(None, shown)))


def test_search_finds_campaigns_everywhere(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    quiet.fill("#search", "bus drivers")
    assert quiet.locator("details.campaign:visible h3").all_inner_texts() == ["Bus drivers’ ballot"]
    assert quiet.locator("#contact-rates-table tbody tr:visible").count() == 1
    assert quiet.locator("#contact-rates li.row:visible").count() == 1
    assert quiet.locator("#found").inner_text() == f"1 of {len(NAMES)}"
    quiet.fill("#search", "")
    assert quiet.locator("details.campaign:visible").count() == len(NAMES)
    quiet.fill("#search", "bus drivers")
    quiet.keyboard.press("Enter")
    quiet.locator("details.campaign[open] .block").first.wait_for()


def test_a_link_opens_what_it_names(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    anchor = quiet.locator("details.campaign").nth(4).get_attribute("id")
    for place in (f"#{anchor}", f"#{anchor}-dispositions"):
        opened(quiet, report, place)
        target = quiet.locator(f"[id='{place[1:]}']")
        target.wait_for()
        assert quiet.locator(f"[id='{anchor}']").get_attribute("open") is not None
        quiet.wait_for_function(
            "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < innerHeight",
            arg=place[1:],
        )
    opened(quiet, report)
    quiet.locator("#contact-rates-table tbody a").first.click()
    quiet.locator("details.campaign[open] .block").first.wait_for()


def test_every_link_leads_somewhere(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    broken = quiet.evaluate(
        "Array.from(document.querySelectorAll('a')).map(a => a.getAttribute('href')).filter(href => "
        "!href.startsWith('#') || !document.getElementById(decodeURIComponent(href.slice(1))))"
    )
    assert broken == []
    doubled = quiet.evaluate(
        "(() => { const ids = Array.from(document.querySelectorAll('[id]'), node => node.id); "
        "return ids.filter((id, index) => ids.indexOf(id) !== index); })()"
    )
    assert doubled == []


def saved(page: Page, block: str) -> tuple[str, list[dict[str, str]]]:
    with page.expect_download() as download:
        page.locator(f"[id='{block}-table'] button.csv").click()
    text = Path(download.value.path()).read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return download.value.suggested_filename, list(
        csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    )


def test_a_saved_csv_is_the_published_table(quiet: Page, report: Path, published: Path) -> None:
    opened(quiet, report)
    name, records = saved(quiet, "contact-rates")
    expected = rows(published, "SELECT * FROM reports.campaign_contact_rates")
    assert name == "reports.campaign_contact_rates.csv"
    assert list(records[0]) == list(expected[0])
    assert as_set(records) == as_set(expected)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    published = write_published(
        folder / "contact_ledger.duckdb", [name for name in HOSTILE for _ in range(4)], targets=12
    )
    return published, write_report(published, folder)


def test_hostile_names_are_text(quiet: Page, hostile: tuple[Path, Path]) -> None:
    published, report = hostile
    opened(quiet, report)
    open_all(quiet)
    assert quiet.locator("body script").count() == 1
    assert quiet.locator("img, iframe, object, embed, link, base, form").count() == 0
    names = set(quiet.locator("details.campaign h3").evaluate_all("all => all.map(one => one.textContent)"))
    known = {
        row["campaign_name"].replace("\r\n", "\n")  # in a heading a line break is a space, of either kind
        for row in rows(published, "SELECT DISTINCT campaign_name FROM core.campaigns WHERE is_in_ledger")
    }
    assert names == known
    assert any("<script>" in name for name in names)


def test_hostile_names_run_no_formula(quiet: Page, hostile: tuple[Path, Path]) -> None:
    published, report = hostile
    opened(quiet, report)
    _, records = saved(quiet, "contact-rates")
    expected = {
        row["campaign_key"]: row["campaign_name"]
        for row in rows(published, "SELECT * FROM reports.campaign_contact_rates")
    }
    assert len(records) == len(expected)
    guarded = 0
    for record in records:
        name = expected[record["campaign_key"]]
        dangerous = name[:1] in "=+-@\t\r\n"
        guarded += dangerous
        assert record["campaign_name"] == ("'" + name if dangerous else name)
        assert not any(value[:1] in "=+@" for value in record.values() if value)
    assert guarded
    quiet.locator("#rejected-rows details.data summary").click()
    _, records = saved(quiet, "rejected-rows")
    assert '\'=HYPERLINK("x")' in {record["record"] for record in records}


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_everything(quiet: Page, report: Path, width: int) -> None:
    quiet.set_viewport_size({"width": width, "height": 844})
    opened(quiet, report)
    open_all(quiet)
    assert quiet.evaluate("document.documentElement.scrollWidth") <= width
    lost = quiet.evaluate(
        """() => Array.from(document.querySelectorAll("main *, header *")).filter(node => {
          if (node.closest(".scroll") || node.closest("defs") || !node.checkVisibility()) return false;
          const box = node.getBoundingClientRect();
          return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
        }).map(node => node.outerHTML.slice(0, 120))"""
    )
    assert lost == []
    scrolls = quiet.evaluate(
        "Array.from(document.querySelectorAll('.scroll')).every(box => box.scrollWidth <= box.clientWidth "
        "|| (getComputedStyle(box).overflowX === 'auto' && box.tabIndex === 0 && box.getAttribute('aria-label')))"
    )
    assert scrolls


def test_a_phone_shows_name_and_rate_first_and_that_more_is_beside(quiet: Page, report: Path) -> None:
    quiet.set_viewport_size({"width": 390, "height": 844})
    opened(quiet, report)
    table = quiet.locator("#contact-rates-table")
    headings = table.locator("th[data-column]")
    for index, name in enumerate(("campaign_name", "contact_rate_per_target")):
        assert headings.nth(index).get_attribute("data-column") == name
        box = headings.nth(index).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    # The shadow of what goes on beyond an edge: it stays while its cover moves along with the content.
    for scrolled in (table.locator(".scroll"), quiet.locator(".nav ul")):
        assert scrolled.evaluate("box => box.scrollWidth > box.clientWidth")
        shadow = "box => getComputedStyle(box).backgroundAttachment"
        assert scrolled.evaluate(shadow) == "local, local, scroll, scroll"
    # Grid lines end at their own strip: no figure stands behind them.
    strip = quiet.locator("#contact-rates .interval_chart .rows .strip").first
    assert strip.evaluate("strip => getComputedStyle(strip).clipPath").startswith("inset(0px")


def test_structure_for_those_who_do_not_see_it(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    open_all(quiet)
    assert quiet.locator("html").get_attribute("lang") == "en"
    assert quiet.locator("main").count() == 1
    levels = quiet.evaluate(
        "Array.from(document.querySelectorAll('h1, h2, h3, h4'), node => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    nameless = quiet.evaluate(
        """() => Array.from(document.querySelectorAll("button, a, input, summary, [role=img], [role=region]"))
          .filter(node => !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length))
          .map(node => node.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    hidden = quiet.evaluate(
        "Array.from(document.querySelectorAll('figure svg'))"
        ".every(svg => svg.closest('[aria-hidden=true]') || svg.getAttribute('aria-label'))"
    )
    assert hidden
    assert quiet.evaluate(
        "Array.from(document.querySelectorAll('figure')).every(one => one.querySelector('figcaption'))"
    )


def test_the_keyboard_is_enough(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    quiet.keyboard.press("Tab")
    assert quiet.evaluate("document.activeElement.className") == "skip"
    summary = quiet.locator("details.campaign > summary").first
    summary.focus()
    quiet.keyboard.press("Enter")
    quiet.locator("details.campaign[open] .block").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(quiet: Page, report: Path, scheme: Literal["light", "dark"]) -> None:
    """WCAG 2 AA: 4.5 to 1 for every text that stands on a plain ground."""
    quiet.emulate_media(color_scheme=scheme)
    opened(quiet, report)
    ground = quiet.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    open_all(quiet)
    weak = quiet.evaluate(
        """() => {
          const light = ([r, g, b]) => {
            const part = c => c / 255 <= .03928 ? c / 255 / 12.92 : ((c / 255 + .055) / 1.055) ** 2.4;
            return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
          };
          const parse = color => color.match(/[\\d.]+/g).map(Number);
          const ground = node => {
            for (; node; node = node.parentElement) {
              const found = parse(getComputedStyle(node).backgroundColor);
              if (found.length < 4 || found[3] > 0) return found;
            }
            return [255, 255, 255];
          };
          const found = new Set();
          for (const node of document.querySelectorAll("body *")) {
            if (!Array.from(node.childNodes).some(child => child.nodeType === 3 && child.textContent.trim())) continue;
            if (node.closest("svg, script, style, noscript") || !node.checkVisibility()) continue;
            const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
            if ((a + .05) / (b + .05) < 4.5) found.add(node.outerHTML.slice(0, 100));
          }
          return Array.from(found);
        }"""
    )
    assert weak == []


def test_print_keeps_what_is_open_and_drops_the_controls(quiet: Page, report: Path) -> None:
    opened(quiet, report)
    quiet.emulate_media(media="print")
    assert not quiet.locator("nav").is_visible()
    assert not quiet.locator("button.csv").first.is_visible()
    assert quiet.locator("#contact-rates-table td").first.is_visible()
    assert quiet.locator(".interval_chart circle").first.is_visible()
    assert quiet.pdf(format="A4").startswith(b"%PDF")


def test_five_hundred_campaigns_stay_closed_until_asked_for(quiet: Page, tmp_path: Path) -> None:
    published = write_published(
        tmp_path / "contact_ledger.duckdb", [f"Campaign {n:03d}x" for n in range(500)], targets=12
    )
    report = write_report(published, tmp_path)
    opened(quiet, report)
    assert quiet.locator("details.campaign").count() == 500
    assert quiet.locator("details.campaign .block").count() == 0
    assert quiet.locator("#contact-rates .interval_chart > .rows > li").count() == 30
    assert quiet.locator("#contact-rates .more li").count() == 345
    quiet.fill("#search", "campaign 321x")
    assert quiet.locator("details.campaign:visible").count() == 1
    quiet.locator("details.campaign:visible > summary").click()
    quiet.locator("details.campaign[open] .block").first.wait_for()
    assert quiet.locator("details.campaign .block").count() < 20
    anchor = quiet.locator("details.campaign").nth(123).get_attribute("id")
    opened(quiet, report, f"#{anchor}-dispositions")
    quiet.locator(f"[id='{anchor}-dispositions']").wait_for()
    shown = quiet.locator(f"[id='{anchor}-dispositions-table'] table").evaluate(READ_TABLE)
    assert as_set(shown) == as_set(
        rows(
            published,
            f"SELECT * FROM reports.campaign_dispositions WHERE campaign_key = '{shown[0]['campaign_key']}'",
        )
    )
    definition = quiet.locator(f"[id='{anchor}-dispositions'] details.definition")
    definition.locator("summary").click()
    definition.get_by_text("unified disposition").first.wait_for()
    # A long table of the overview is packed too, and sorted and saved like any other once it is open.
    assert quiet.locator("#contact-rates-table").count() == 0
    quiet.locator("#contact-rates > details.data > summary").click()
    quiet.locator("#contact-rates-table").wait_for()
    _, records = saved(quiet, "contact-rates")
    assert as_set(records) == as_set(rows(published, "SELECT * FROM reports.campaign_contact_rates"))


def test_without_scripts_the_overview_and_the_campaigns_are_there(chromium: str, report: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-dev-shm-usage"])
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(report.as_uri())
        assert page.locator("#contact-rates-table tbody tr").count() > 5
        page.locator("details.campaign summary").first.click()
        page.locator("details.campaign[open] h4").first.wait_for(state="visible")
        browser.close()


# -- what needs no browser ---------------------------------------------------------------------------------------------


def test_the_same_file_gives_the_same_page(published: Path) -> None:
    assert render(published) == render(published)


def test_the_page_names_no_other_place(report: Path, published: Path) -> None:
    page = report.read_text(encoding="utf-8")
    # Where a law stands is text in a table.
    for row in rows(published, "SELECT DISTINCT url FROM core.contact_rules WHERE url IS NOT NULL"):
        page = page.replace(str(escape(row["url"])), "")
    assert not re.findall(r"(?:src|href|action)=\"(?!#)[^\"]", page)
    assert not re.findall(r"url\((?!#)", page)
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page
    assert "default-src 'none'" in page
    assert "unsafe" not in page.partition("</head>")[0]


def test_a_table_that_was_not_published_is_not_on_the_page(tmp_path: Path) -> None:
    gone = ("reports.campaign_dispositions", "reports.violation_counts", "quality.check_results")
    page = render(write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20, without=gone))
    assert 'id="contact-rates"' in page
    assert not any(
        f'data-table="{table}"' in page or f'id="{block}"' in page
        for table, block in zip(gone, ("dispositions", "violations", "failed-checks"), strict=True)
    )


def test_what_the_dialer_cannot_tell_is_a_dash(tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    with duckdb.connect(str(path)) as con:
        con.execute("ALTER TABLE reports.inventory ADD COLUMN IF NOT EXISTS unnamed BIGINT")
        con.execute("UPDATE reports.inventory SET unnamed = 3, remaining_tries = NULL, penetration = NULL")
    page = render(path)
    table = page.partition('id="inventory-overall-table"')[2].partition("</table>")[0]
    assert 'data-column="unnamed"' in table
    assert 'data-value="">–' in table


def test_a_median_that_nobody_saw_has_the_time_that_it_takes_at_least(tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "UPDATE reports.time_to_contact "
            "SET median_seconds = NULL, median_seconds_low = 7200, median_seconds_high = NULL, "
            "quarter_seconds = NULL, quarter_seconds_low = 0, quarter_seconds_high = NULL, "
            "three_quarters_seconds = NULL, three_quarters_seconds_low = NULL, three_quarters_seconds_high = NULL"
        )
    table = render(path).partition('id="time-to-contact-overall-table"')[2].partition("</table>")[0]
    assert re.search(r">–<small><data [^>]*>2 h( 0 min)? or more</data>", table)
    assert "0 s or more" not in table


def test_a_first_pass_is_not_praised_for_those_it_reached(tmp_path: Path) -> None:
    """Campaign 1 reached 1 of 4; the other three were called again by campaign 2, and so stand in that."""
    again = voipbin({2: ["NA"], 3: ["NA"], 4: ["NA"]}, campaign=2, first_call=0x2000)
    del again["voipbin_outdialtargets"]
    for call in again["voipbin_campaigncalls"]:
        call["tm_create"] += timedelta(hours=1)
        call["tm_update"] += timedelta(hours=1)
    page = render(
        published_log(merged(voipbin({1: ["C"], 2: ["NA"], 3: ["NA"], 4: ["NA"]}), again), tmp_path)
    )
    outcomes = page.partition('id="outcomes"')[2].partition("</section>")[0]
    said = "25.0% of those it tried (1 of 4), and 100.0% of those that stand in it (1 of 1) are reached"
    assert "in the campaign that called it last" in outcomes
    assert f"Dialer 1 reached {said}" in outcomes
    assert page.count(said) == 2  # over all campaigns, and in its own section
    assert "Dialer 2 reached" not in page


def test_a_section_whose_rows_cannot_be_put_in_order_is_not_on_the_page(tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    assert 'id="inventory-overall"' in render(path)
    with duckdb.connect(str(path)) as con:
        con.execute("ALTER TABLE reports.inventory DROP COLUMN remaining_tries")
    page = render(path)
    assert 'id="inventory-overall"' not in page
    assert 'id="contact-rates"' in page


def test_a_report_that_the_page_does_not_know_appears_by_itself(tmp_path: Path) -> None:
    path = write_published(tmp_path / "some.duckdb", NAMES[:4], targets=20)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE reports.moon_phases AS SELECT 'full' AS phase, 0.25 AS contact_rate")
        con.execute(
            "COMMENT ON TABLE reports.moon_phases IS 'One row per phase: whether the moon matters. It does not.'"
        )
        con.execute(
            "CREATE TABLE reports.tides AS SELECT campaign_key, 7 AS height FROM reports.campaign_contact_rates "
            "UNION ALL SELECT 'all', 8"
        )
        con.execute("COMMENT ON COLUMN reports.moon_phases.phase IS 'how much of it is lit'")
    page = render(path)
    assert 'data-table="reports.moon_phases"' in page
    assert "Moon phases" in page
    assert "how much of it is lit" in page
    assert page.count('data-table="reports.tides"') == len(NAMES[:3]) + 1  # with each campaign, and overall


def test_an_empty_ledger_makes_a_page(tmp_path: Path) -> None:
    page = render(write_published(tmp_path / "empty.duckdb", [], targets=1))
    assert "No contact attempt is in this report" in page


def test_a_page_is_replaced_whole(published: Path, tmp_path: Path) -> None:
    path = write_report(published, tmp_path / "report")
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        assert write_report(published, tmp_path / "report") == path
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [found.name for found in path.parent.iterdir()] == ["index.html"]


def test_a_failed_rendering_leaves_the_old_page(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("old", encoding="utf-8")
    with pytest.raises(duckdb.IOException):
        write_report(tmp_path / "missing.duckdb", tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["index.html"]
