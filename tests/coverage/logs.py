"""Simulated logs, each a campaign of Action Builder, and how often the intervals of its reports hold the truth.

Belongs here: the designs, their truth, and the comparison with what the pipeline publishes. Does not belong here: the
table (``tests.coverage``).

Every log has rates of its own, drawn evenly from a range, so that no figure rests on where a rate happens to fall
between two whole numbers of contacts. Chance is a hash of (seed, log, target, attempt).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.coverage import Measured
from tests.sql.logs import with_mapping
from tests.support import build, fetch

SEED = 16
SIZES = (5, 12, 20, 40, 100, 400)
NOW = datetime(2026, 3, 31, 12)


class Design(NamedTuple):
    """How people are tried. ``stops``: at contact, or at a refusal. ``is_mixed``: some are easy to reach, most are not.

    ``uneven``: three in twenty are tried 25 to 60 times, the others at most three times.
    """

    name: str
    stops: bool = False
    is_mixed: bool = False
    uneven: bool = False


DESIGNS = (
    Design("stop at contact", stops=True),
    Design("stop at contact, mixed people", stops=True, is_mixed=True),
    Design("tried on after contact"),
    Design("tried on, mixed people", is_mixed=True),
    Design("a few tried very often", uneven=True),
    Design("a few tried very often, mixed people", is_mixed=True, uneven=True),
)

CHANCE = f"""
CREATE MACRO chance(log, target, what) AS
    (hash(concat_ws(',', {SEED}, log, target, what)) >> 11) / 9007199254740992.0e0;
-- Whether an attempt with this chance is a contact, and whether it ends in a refusal.
CREATE MACRO refuses(design, p) AS CASE WHEN design < 2 THEN 0.05e0 * (1 - p) ELSE 0.0e0 END;
-- The mean of q^n over n from a to b.
CREATE MACRO mean_power(q, a, b) AS power(q, a) * (1 - power(q, b - a + 1)) / (1 - q) / (b - a + 1);
-- The expected attempts of a target that stops: at most 4, and 1, 2 or 3 for two in five.
CREATE MACRO powers(s, k) AS (1 - power(s, k)) / (1 - s);
CREATE MACRO stopping(s) AS 0.6e0 * powers(s, 4) + 0.4e0 / 3 * (powers(s, 1) + powers(s, 2) + powers(s, 3));
-- The chance that a target is never reached.
CREATE MACRO never(design, p) AS CASE
    WHEN design < 2 THEN 1 - p * stopping(1 - p - refuses(design, p))
    WHEN design < 4 THEN mean_power(1 - p, 1, 6)
    ELSE 0.85e0 * mean_power(1 - p, 1, 3) + 0.15e0 * mean_power(1 - p, 25, 60)
END;
CREATE MACRO reached_by(design, p, k) AS p * powers(1 - p - refuses(design, p), k);
CREATE MACRO tried(design, p) AS CASE WHEN design < 2 THEN stopping(1 - p - refuses(design, p)) ELSE 1.0e0 END;
"""
"""In two designs of three the number of attempts does not depend on whom they reach; then ``tried`` is a weight of 1."""

LOGS = """
CREATE TABLE logs AS
SELECT *, CASE WHEN is_mixed THEN 0.4e0 ELSE 1.0e0 END AS share_easy
FROM (
    SELECT
        1000000 * number + 1000 * design + targets AS log, design, targets, design % 2 = 1 AS is_mixed
    FROM (SELECT unnest(range({designs})) AS design)
    CROSS JOIN (SELECT unnest({sizes}) AS targets)
    CROSS JOIN (SELECT unnest(range({first}, {last})) AS number)
);
CREATE TABLE rates AS
SELECT
    *,
    CASE
        WHEN is_mixed THEN 0.5e0 + 0.3e0 * chance(log, 0, 'easy')
        ELSE 0.1e0 + 0.4e0 * chance(log, 0, 'easy')
    END AS easy,
    0.02e0 + 0.18e0 * chance(log, 0, 'hard') AS hard
FROM logs;
CREATE TABLE people AS
SELECT
    rates.log, rates.design, numbers.target,
    CASE WHEN chance(log, target, 'kind') < share_easy THEN easy ELSE hard END AS p,
    CASE
        WHEN design < 2 AND chance(log, target, 'length') < 0.6e0 THEN 4
        WHEN design < 2 THEN 1 + CAST(floor(3 * chance(log, target, 'short')) AS INTEGER)
        WHEN design < 4 THEN 1 + CAST(floor(6 * chance(log, target, 'length')) AS INTEGER)
        WHEN chance(log, target, 'length') < 0.15e0 THEN 25 + CAST(floor(36 * chance(log, target, 'often')) AS INTEGER)
        ELSE 1 + CAST(floor(3 * chance(log, target, 'seldom')) AS INTEGER)
    END AS attempts
FROM rates
CROSS JOIN (SELECT unnest(range(1, 401)) AS target) AS numbers
WHERE numbers.target <= rates.targets;
CREATE TABLE tries AS
SELECT
    log, design, target, number,
    CASE WHEN drawn < p THEN 0 WHEN drawn >= 1 - refuses(design, p) THEN 4 ELSE 1 END AS disposition
FROM (
    SELECT *, chance(log, target, number) AS drawn
    FROM (SELECT *, unnest(range(1, attempts + 1)) AS number FROM people)
);
INSERT INTO raw.action_builder_contact_attempts
    (id, entity_id, campaign_id, contact_info_type, disposition, created_by_id, created_at, updated_at)
SELECT
    row_number() OVER (), 1000 * log + target, log, 'PhoneNumber', disposition, 1,
    TIMESTAMP '2026-03-01' + number * INTERVAL 1 MINUTE, TIMESTAMP '2026-03-01' + number * INTERVAL 1 MINUTE
FROM (
    SELECT *, min(CASE WHEN disposition <> 1 THEN number END) OVER (PARTITION BY log, target) AS stopped
    FROM tries
)
WHERE design >= 2 OR stopped IS NULL OR number <= stopped;
CREATE TABLE truth AS
SELECT
    'action_builder:' || log AS campaign_key, design, targets,
    (share_easy * easy * tried(design, easy) + (1 - share_easy) * hard * tried(design, hard))
    / (share_easy * tried(design, easy) + (1 - share_easy) * tried(design, hard)) AS per_attempt,
    1 - share_easy * never(design, easy) - (1 - share_easy) * never(design, hard) AS per_target,
    share_easy * reached_by(design, easy, 2) + (1 - share_easy) * reached_by(design, hard, 2) AS by_2,
    share_easy * reached_by(design, easy, 3) + (1 - share_easy) * reached_by(design, hard, 3) AS by_3
FROM rates
"""

HELD = """
SELECT
    truth.design, truth.targets, count(*) AS logs,
    count(CASE WHEN truth.per_attempt BETWEEN rates.contact_rate_per_attempt_low AND rates.contact_rate_per_attempt_high
        THEN 1 END) AS per_attempt,
    count(CASE WHEN truth.per_target BETWEEN rates.contact_rate_per_target_low AND rates.contact_rate_per_target_high
        THEN 1 END) AS per_target,
    count(second.attempt_number) AS with_2, count(third.attempt_number) AS with_3,
    count(CASE WHEN truth.by_2 BETWEEN second.cumulative_incidence_low AND second.cumulative_incidence_high
        THEN 1 END) AS by_2,
    count(CASE WHEN truth.by_3 BETWEEN third.cumulative_incidence_low AND third.cumulative_incidence_high
        THEN 1 END) AS by_3
FROM truth
INNER JOIN reports.campaign_contact_rates AS rates USING (campaign_key)
LEFT JOIN reports.attempt_curve AS second
    ON second.campaign_key = truth.campaign_key AND second.attempt_number = 2
LEFT JOIN reports.attempt_curve AS third
    ON third.campaign_key = truth.campaign_key AND third.attempt_number = 3
GROUP BY truth.design, truth.targets
ORDER BY truth.design, truth.targets
"""

TIMES = """
CREATE TABLE rates AS
SELECT
    *, 0.05e0 + 0.1e0 * chance(log, 0, 'at once') AS at_once, 0.3e0 + 0.4e0 * chance(log, 0, 'rate') AS rate
FROM (
    SELECT 1000000 * number + targets AS log, targets
    FROM (SELECT unnest({sizes}) AS targets)
    CROSS JOIN (SELECT unnest(range({first}, {last})) AS number)
);
-- Days from the first attempt until the target is reached or refuses, and days until the log ends.
CREATE TABLE people AS
SELECT
    log, targets, numbers.target,
    CASE
        WHEN chance(log, target, 'at once') < at_once + 0.03e0 THEN 0.0e0
        ELSE -ln(1 - chance(log, target, 'wait')) / (1.2e0 * rate)
    END AS wait,
    CASE
        WHEN chance(log, target, 'at once') < at_once THEN 0
        WHEN chance(log, target, 'at once') < at_once + 0.03e0 THEN 4
        WHEN chance(log, target, 'kind') < 1 / 1.2e0 THEN 0
        ELSE 4
    END AS disposition,
    4 * chance(log, target, 'followed') AS followed
FROM rates
CROSS JOIN (SELECT unnest(range(1, 401)) AS target) AS numbers
WHERE numbers.target <= rates.targets;
INSERT INTO raw.action_builder_contact_attempts
    (id, entity_id, campaign_id, contact_info_type, disposition, created_by_id, created_at, updated_at)
SELECT row_number() OVER (), 1000 * log + target, log, 'PhoneNumber', disposition, 1, moment, moment
FROM (
    SELECT
        log, target, CASE WHEN wait = 0 THEN disposition ELSE 1 END AS disposition,
        CAST(TIMESTAMP '{now}' - followed * INTERVAL 1 DAY AS TIMESTAMP) AS moment
    FROM people
    UNION ALL
    SELECT log, target, disposition, CAST(TIMESTAMP '{now}' - (followed - wait) * INTERVAL 1 DAY AS TIMESTAMP)
    FROM people
    WHERE wait > 0 AND wait <= followed
);
CREATE MACRO waiting(share, at_once, rate) AS
    -ln(1 - (share - at_once) * 1.2e0 / (0.97e0 - at_once)) / (1.2e0 * rate) * 86400;
CREATE TABLE truth AS
SELECT
    'action_builder:' || log AS campaign_key, targets, waiting(0.25e0, at_once, rate) AS quarter,
    waiting(0.5e0, at_once, rate) AS median,
    at_once + (0.97e0 - at_once) / 1.2e0 * (1 - exp(-1.2e0 * rate)) AS within_1d
FROM rates
"""

# A missing upper end promises nothing. A missing lower end says: later than any contact in the log.
TIMES_HELD = """
WITH latest AS (
    SELECT campaign_key, max(CASE WHEN contacts > 0 THEN elapsed_us END) / 1e6 AS seconds
    FROM reports._time_to_contact_steps
    GROUP BY campaign_key
)

SELECT
    truth.targets, count(*) AS logs, count(found.within_1d) AS with_1d,
    count(CASE WHEN truth.within_1d BETWEEN found.within_1d_low AND found.within_1d_high THEN 1 END) AS within_1d,
    count(CASE WHEN truth.quarter >= coalesce(found.quarter_seconds_low, latest.seconds, 0)
        AND truth.quarter <= coalesce(found.quarter_seconds_high, truth.quarter) THEN 1 END) AS quarter,
    count(CASE WHEN truth.median >= coalesce(found.median_seconds_low, latest.seconds, 0)
        AND truth.median <= coalesce(found.median_seconds_high, truth.median) THEN 1 END) AS median
FROM truth
INNER JOIN reports.time_to_contact AS found ON found.campaign_key = truth.campaign_key
INNER JOIN latest ON latest.campaign_key = truth.campaign_key
GROUP BY truth.targets
ORDER BY truth.targets
"""


BATCH = 250
"""Logs of each design and size that are held in memory at once."""


def _counted(
    simulation: str, tables: Sequence[str], query: str, keys: Sequence[str], logs: int, **values: Any
) -> list[dict[str, int]]:
    """Simulate the logs batch by batch, build the tables, and sum what the query counts, by its key columns."""
    sums: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    for first in range(0, logs, BATCH):
        con = with_mapping({}, as_of=NOW)
        con.execute(CHANCE)
        con.execute(simulation.format(first=first, last=min(first + BATCH, logs), **values))
        build(con, *tables)
        for row in fetch(con, query):
            sums[tuple(row[key] for key in keys)].update(
                {name: count for name, count in row.items() if name not in keys}
            )
        con.close()
    return [dict(zip(keys, key, strict=True)) | counts for key, counts in sums.items()]


def rates_and_curves(logs: int, sizes: Sequence[int] = SIZES) -> list[Measured]:
    """Measure the intervals of rates per attempt, of rates per target, and of the curve by attempts."""
    found = _counted(
        LOGS, ("reports.campaign_contact_rates", "reports.attempt_curve"), HELD, ("design", "targets"), logs,
        designs=len(DESIGNS), sizes=list(sizes),
    )  # fmt: skip
    measured = []
    for figure, held, of, low, high in (
        ("Contact rate per attempt, clustered by target", "per_attempt", "logs", 5, 20),
        ("Contact rate per target (Wilson)", "per_target", "logs", 5, 12),
        ("Cumulative incidence at the second attempt", "by_2", "with_2", 12, 40),
        ("Cumulative incidence at the third attempt", "by_3", "with_3", 12, 1000),
    ):
        for row in found:
            design = DESIGNS[row["design"]]
            # Of 5 targets, it would be a choice of logs: those in which somebody was tried again.
            if figure.startswith("Contact") or row["targets"] > 5:
                measured.append(
                    Measured(
                        figure, design.name, row["targets"], row[of], row[held],
                        at_least=row["targets"] >= low,
                        at_most=row["targets"] >= (100 if design.uneven and not design.is_mixed else high),
                    )
                )  # fmt: skip
    return measured


def times(logs: int, sizes: Sequence[int] = SIZES) -> list[Measured]:
    """Measure the intervals of the share reached within a day, and of the quantiles of time."""
    found = _counted(
        TIMES, ("reports.time_to_contact",), TIMES_HELD, ("targets",), logs, sizes=list(sizes), now=NOW
    )
    return [
        Measured(
            figure, "followed for 0 to 4 days", row["targets"], row[of], row[held],
            at_least=row["targets"] >= low, at_most=row["targets"] >= 100,
        )
        for figure, held, of, low in (
            ("Share reached within a day (cumulative incidence)", "within_1d", "with_1d", 5),
            ("Time by which a quarter is reached", "quarter", "logs", 20),
            ("Median time to contact", "median", "logs", 20),
        )
        for row in found
        if row[of]
    ]  # fmt: skip
