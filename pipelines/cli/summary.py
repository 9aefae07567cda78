"""What a good run shows at its end: the headline table, what became of the rows, and what to look into.

Belongs here: reading these lines from the published file. Does not belong here: printing them (``terminal``). Everything
comes from the published file, so what is hidden there is hidden here too.
"""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl

from pipelines.settings import Settings

HEADLINE = """
SELECT
    coalesce(campaign_name, campaign_key) AS campaign, source, targets, attempts, contacts,
    contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high,
    contact_rate_per_target, contact_rate_per_target_low, contact_rate_per_target_high
FROM reports.campaign_contact_rates
ORDER BY source, attempts DESC, campaign
"""
REJECTS = """
SELECT
    rejected.file, count(*) AS rows, arg_min(rejected.reason || coalesce(': ' || rejected.detail, ''), position) AS first,
    count(*) >= any_value(accounts.rows_in_file) AND any_value(accounts.rows_superseded) = 0 AS is_whole
FROM quality.rejected_rows AS rejected
INNER JOIN quality.row_accounting AS accounts
    ON accounts.source = rejected.source AND accounts.resource = rejected.resource AND accounts.file = rejected.file
GROUP BY rejected.source, rejected.resource, rejected.file
ORDER BY is_whole DESC, rows DESC, rejected.file
"""
UNMEASURED = """
SELECT sources.title, count(*) AS rows
FROM core.attempts AS attempts
INNER JOIN core.sources AS sources ON sources.source = attempts.source
WHERE NOT sources.measures_contact
GROUP BY sources.title
ORDER BY sources.title
"""
UNMAPPED = "SELECT line, rows FROM quality.unmapped_values ORDER BY rows DESC, line"
_SHOWN = 3
"""How many files with rejected rows and failed checks are named. A query shows the others."""
_WIDTH = 149


def summary(settings: Settings) -> list[str]:
    """Return the lines that sum up the file that has just been published."""
    with duckdb.connect(settings.published_path, read_only=True) as con:
        told = (*_rows(con), *_notices(con), *_own_files(con), *_unmapped(con), *_warnings(con))
        lines = [*_headline(con), *_unmeasured(con), "", *told, *_ahead(con, settings)]
    return [*lines, "", f"published  {settings.published_path}", f"report     {settings.report_path}"]


def _headline(con: duckdb.DuckDBPyConnection) -> list[str]:
    found = con.sql(HEADLINE)
    rows = pl.DataFrame(found.fetchall(), schema=found.columns, orient="row", infer_schema_length=None)
    if rows.is_empty():
        return ["", *_without_rates(con)]
    as_of, zone = con.sql("SELECT as_of, timezone FROM core.as_of").fetchall()[0]
    shown = rows.select(
        "campaign",
        "source",
        "targets",
        "attempts",
        "contacts",
        _rate("contact_rate_per_attempt").alias("per attempt (95 %)"),
        _rate("contact_rate_per_target").alias("per target (95 %)"),
    )
    with pl.Config(
        tbl_rows=40,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=40,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_formatting="ASCII_MARKDOWN",
    ):
        table = str(shown).splitlines()
    return ["", f"Contact rates as of {as_of} UTC (days and hours in {zone})", *table]


def _without_rates(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What there is when no source can tell who was reached, or when there is nothing."""
    (attempts,) = con.sql("SELECT count(*) FROM core.attempts").fetchall()[0]
    first = "no contact rate can be given" if attempts else "no contact attempts in the landing folder"
    # Every report on campaigns has the column; the other reports have rows whatever was read.
    tables = con.sql(
        "SELECT table_name FROM duckdb_columns() WHERE schema_name = 'reports' AND column_name = 'campaign_key' "
        "ORDER BY table_name"
    ).fetchall()
    counted = (
        (table, con.sql(f"SELECT count(*) FROM reports.{table}").fetchall()[0][0]) for (table,) in tables
    )
    filled = ", ".join(f"reports.{table} ({rows:,})" for table, rows in counted if rows)
    return [f"{first}; reports with rows: {filled}" if filled else f"{first}: the reports are empty"]


def _unmeasured(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The sources whose rows are in no contact rate, and why."""
    return [
        f"{title}'s {rows:,} rows say that something was sent, not that anybody was reached: they are in no contact rate"
        for title, rows in con.sql(UNMEASURED).fetchall()
    ]


def _rows(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What became of the rows of all files, and which files have rejected rows."""
    files, *rows = con.sql(
        "SELECT count(*), coalesce(sum(rows_read), 0), coalesce(sum(rows_accepted), 0), "
        "coalesce(sum(rows_superseded), 0), coalesce(sum(rows_rejected), 0) FROM quality.row_accounting"
    ).fetchall()[0]
    read, accepted, superseded, rejected = (f"{number:,}" for number in rows)
    lines = [
        f"rows       {read} read in {files:,} files: {accepted} accepted, {superseded} superseded, {rejected} rejected"
    ]
    rejects = con.sql(REJECTS).fetchall()
    lines += [
        _line("rejected", f"{number:,} in {file}; first: {reason}")
        for file, number, reason, _ in rejects[:_SHOWN]
    ]
    if more := rejects[_SHOWN:]:
        rest = sum(number for _, number, *_ in more)
        lines.append(f"           {rest:,} in {len(more):,} more files: quality.rejected_rows")
    if whole := [file for file, *_, is_whole in rejects if is_whole]:
        files = "1 file gave" if len(whole) == 1 else f"{len(whole):,} files gave"
        named = f"{', '.join(whole[:_SHOWN])}{', …' if len(whole) > _SHOWN else ''}"
        lines.append(
            _line("no row", f"{files} none; correct or remove what is wrong, and run again: {named}")
        )
    return lines


def _notices(con: duckdb.DuckDBPyConnection) -> list[str]:
    """How many notices there are of each kind, in one line; none without any."""
    found = con.sql(
        "SELECT code, count(*) AS notices FROM quality.notices GROUP BY code ORDER BY notices DESC, code"
    ).fetchall()
    if not found:
        return []
    codes = ", ".join(f"{code} {number:,}" for code, number in found)
    return [_line("notices", f"{sum(number for _, number in found):,} (quality.notices): {codes}")]


def _own_files(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What is wrong with the user's own mapping, contact rules and purposes, which is easily missed: a line for each."""
    lines: list[str] = []
    for code, label in (("mapping", "mapping"), ("contact_rules", "rules"), ("purposes", "purposes")):
        wrong = con.execute(
            "SELECT file, value, detail FROM quality.notices WHERE code = ? ORDER BY value, detail", [code]
        ).fetchall()
        if not wrong:
            continue
        file, value, detail = wrong[0]
        first = f"{value}: {detail}" if value else detail
        number = "1 line is" if len(wrong) == 1 else f"{len(wrong):,} lines are"
        told = (
            f"{number} not used of {file}"
            if code == "mapping"
            else f"{_number(len(wrong), 'notice')} on {file}"
        )
        lines.append(_line(label, f"{told} (quality.notices); first: {first}"))
    return lines


def _unmapped(con: duckdb.DuckDBPyConnection) -> list[str]:
    """How many rows are unknown because no line of the mapping names their value, and the first line to write."""
    found = con.sql(UNMAPPED).fetchall()
    if not found:
        return []
    rows = _number(sum(rows for _, rows in found), "row")
    told = f"{rows} of {_number(len(found), 'value')} (quality.unmapped_values)"
    return [_line("unmapped", f"{told}; a line for dispositions.csv: {found[0][0]}")]


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _warnings(con: duckdb.DuckDBPyConnection) -> list[str]:
    failed = con.sql(
        "SELECT check_name FROM quality.check_results WHERE NOT passed ORDER BY table_name, check_name"
    ).fetchall()
    if not failed:
        return []
    names = ", ".join(name for (name,) in failed[:_SHOWN])
    more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return [_line("warnings", f"{len(failed)} (quality.check_results): {names}{more}")]


def _ahead(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """A warning when as-of lies in the future: a setting, a row or a clock is wrong."""
    as_of, basis = con.sql("SELECT as_of, as_of_basis FROM core.as_of").fetchall()[0]
    now = datetime.now(UTC).replace(tzinfo=None)
    if as_of is None or as_of <= now + timedelta(milliseconds=settings.clock_tolerance_ms):
        return []
    what = "set by" if basis.startswith("CONTACT_LEDGER_") else "the latest row's in"
    told = f"warning: as-of {as_of} UTC ({what} {basis}) lies in the future; this machine's clock says {now:%Y-%m-%d %H:%M}"
    return [f"{told}; set CONTACT_LEDGER_AS_OF to use another"]


def _line(name: str, text: str) -> str:
    """One line of at most a given width, whatever characters the text holds."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"{name:<11}{textwrap.shorten(plain, _WIDTH, placeholder=' …')}"


def _rate(name: str) -> pl.Expr:
    def percent(column: str) -> pl.Expr:
        return (pl.col(column) * 100).round(1).cast(pl.String)

    return (
        pl.when(pl.col(name).is_null())
        .then(pl.lit("–"))
        .otherwise(
            pl.concat_str(
                percent(name),
                pl.lit(" % ["),
                percent(f"{name}_low"),
                pl.lit("–"),
                percent(f"{name}_high"),
                pl.lit("]"),
            )
        )
    )
