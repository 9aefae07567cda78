"""Published figures of others, each with its source, against our published columns and macros.

A table of a textbook or of another program becomes a log, and the log goes through the reports. A life that ends at the
k-th of the times that the table knows becomes a target with k attempts. The last attempt reaches it (the cause in
question), or it asks not to be contacted (another cause), or it is open (censored). Only the order of the times counts
for these curves, so k stands for the time.

Belongs here: figures that somebody else has printed. Does not belong here: figures that we have calculated.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path

import duckdb
import pytest

from pipelines.models.sql_files import SQL_ROOT
from tests.sql.logs import with_mapping
from tests.support import build, fetch

FOLDER = Path(__file__).parents[1] / "recount" / "published_figures"

REACHED, DO_NOT_CONTACT, NOT_REACHED = 0, 4, 1
"""Action Builder's dispositions."""

Lives = list[tuple[int, int, int]]
"""Attempts, disposition of the last one, and how many targets have such a life."""


def lines(name: str) -> list[dict[str, str]]:
    """The rows of a data file. Its lines with # name the sources."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def agrees(found: float, printed: str) -> bool:
    """True if the figure differs from the printed one by no more than rounding to the printed digits.

    A printed 0 or 1 is exact, however many digits it has.
    """
    digits = len(printed.partition(".")[2])
    rounding = 0.0 if float(printed) in (0.0, 1.0) else 0.5 * 10**-digits
    return abs(found - float(printed)) <= rounding + 1e-9


def ledger_of(campaigns: Sequence[Lives]) -> duckdb.DuckDBPyConnection:
    """A ledger with one Action Builder campaign for each list of lives, numbered from 0."""
    con = with_mapping({})
    con.execute(
        "CREATE TEMP TABLE lives (campaign INTEGER, attempts INTEGER, disposition INTEGER, targets INTEGER)"
    )
    con.executemany(
        "INSERT INTO lives VALUES (?, ?, ?, ?)",
        [(number, *life) for number, lives in enumerate(campaigns) for life in lives],
    )
    con.execute(
        f"""
        INSERT INTO raw.action_builder_contact_attempts
            (id, entity_id, campaign_id, contact_info_type, disposition, created_at, updated_at)
        WITH targets AS (
            SELECT row_number() OVER () AS entity, campaign, attempts, disposition
            FROM (SELECT campaign, attempts, disposition, unnest(generate_series(1, targets)) FROM lives)
        ),

        attempts AS (SELECT targets.*, unnest(generate_series(1, attempts)) AS number FROM targets)

        SELECT
            row_number() OVER (), entity, campaign, 'PhoneNumber',
            CASE WHEN number = attempts THEN disposition ELSE {NOT_REACHED} END,
            TIMESTAMP '2026-03-02 09:00:00' + to_minutes(number), TIMESTAMP '2026-03-02 09:00:00' + to_minutes(number)
        FROM attempts
        """
    )
    return con


Curve = Mapping[int, Mapping[str, float]]
"""Attempt number → the row of reports.attempt_curve."""


def curves_of(campaigns: Sequence[Lives]) -> list[Curve]:
    con = ledger_of(campaigns)
    build(con, "reports.attempt_curve")
    found = fetch(con, "FROM reports.attempt_curve WHERE campaign_key <> 'all'")
    return [
        {row["attempt_number"]: row for row in found if row["campaign_key"] == f"action_builder:{number}"}
        for number in range(len(campaigns))
    ]


# ----------------------------------------------------------------------------------------- Kaplan and Meier


def test_survival_tables() -> None:
    """Tables of events: whoever is at risk no more at the next time, and had no event, was censored in between."""
    tables = {name: list(rows) for name, rows in groupby(lines("kaplan_meier"), key=lambda row: row["table"])}
    campaigns: list[Lives] = []
    for rows in tables.values():
        steps = [(int(row["at_risk"]), int(row["events"])) for row in rows]
        lives: Lives = []
        for number, ((at_risk, events), (next_at_risk, _)) in enumerate(pairwise([*steps, (0, 0)]), 1):
            lives += [(number, REACHED, events), (number, NOT_REACHED, at_risk - events - next_at_risk)]
        campaigns.append([life for life in lives if life[2] > 0])
    checked = 0
    for (name, rows), curve in zip(tables.items(), curves_of(campaigns), strict=True):
        for number, row in enumerate(rows, 1):
            found = curve[number]
            where = (name, row["time"], found)
            assert (found["at_risk"], found["contacts"]) == (int(row["at_risk"]), int(row["events"])), where
            assert agrees(1 - found["cumulative_incidence"], row["survival"]), where
            assert agrees(1 - found["one_minus_kaplan_meier"], row["survival"]), where
            checked += 1
    assert checked == 290


# ----------------------------------------------------------------------------------------- Aalen and Johansen


def test_cumulative_incidences() -> None:
    """Lives with one cause, or with several that compete: each cause in turn is the contact, and the others end it."""
    known = {
        row["table"]: [
            (float(time), int(cause))
            for time, cause in zip(row["times"].split(), row["causes"].split(), strict=True)
        ]
        for row in lines("lives")
    }
    tables = {
        key: list(rows)
        for key, rows in groupby(lines("cumulative_incidence"), key=lambda row: (row["table"], row["cause"]))
    }
    assert {name for name, _ in tables} == known.keys()
    campaigns: list[Lives] = []
    numbers: list[dict[float, int]] = []
    for name, cause in tables:
        times = sorted({time for time, _ in known[name]})
        numbers.append({time: number for number, time in enumerate(times, 1)})
        contact = 1 if cause == "survival" else int(cause)
        ends = {0: NOT_REACHED, contact: REACHED}
        campaigns.append(
            [(numbers[-1][time], ends.get(kind, DO_NOT_CONTACT), 1) for time, kind in known[name]]
        )
    checked = 0
    for ((name, cause), rows), number_of, curve in zip(
        tables.items(), numbers, curves_of(campaigns), strict=True
    ):
        for row in rows:
            share = curve[number_of[float(row["time"])]]["cumulative_incidence"]
            assert agrees(1 - share if cause == "survival" else share, row["value"]), (
                name,
                cause,
                row,
                share,
            )
            checked += 1
    assert checked == 258


# ----------------------------------------------------------------------------------------- Wilson, AAPOR


def test_wilson_intervals() -> None:
    rows = lines("wilson")
    con = ledger_of(
        [
            [
                (1, REACHED, int(row["contacted"])),
                (1, NOT_REACHED, int(row["attempted"]) - int(row["contacted"])),
            ]
            for row in rows
        ]
    )
    build(con, "reports.campaign_contact_rates")
    found = {row["campaign_key"]: row for row in fetch(con, "FROM reports.campaign_contact_rates")}
    for number, row in enumerate(rows):
        own = found[f"action_builder:{number}"]
        assert (own["targets_contacted"], own["targets_attempted"]) == (
            int(row["contacted"]),
            int(row["attempted"]),
        )
        assert agrees(own["contact_rate_per_target_low"], row["low"]), (row, own)
        assert agrees(own["contact_rate_per_target_high"], row["high"]), (row, own)
    assert len(rows) == 14


def test_outcome_rates() -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reports")
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    checked = 0
    for classes, rows in groupby(lines("aapor"), key=lambda row: row["classes"]):
        counts = ", ".join(classes.split())
        (own,) = fetch(con, f"FROM reports.aapor({counts}, NULL, NULL, NULL)")
        for row in rows:
            assert agrees(own[row["rate"]], row["value"]), (row, own)
            checked += 1
    assert checked == 32


@pytest.mark.parametrize(("found", "printed"), [(0.12351, "0.123"), (1e-6, "0.000"), (0.999, "1")])
def test_a_figure_that_differs_is_seen(found: float, printed: str) -> None:
    assert not agrees(found, printed)
