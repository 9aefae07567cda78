"""The drift rules: how far figures may move since the last publication. All of them warn.

Belongs here: how far each figure may move. Does not belong here: what must hold of a table whatever it held before
(``rules``), or which figures are kept (``warehouse.run_log``).

Raw tables hold everything that ever landed, so figures grow slowly from run to run. If a count falls or a rate jumps,
somebody should know the cause before reading the numbers. Only a run that publishes leaves figures to compare with, so
the first run is compared with nothing.
"""

from __future__ import annotations

from pipelines.validation.rule import Rule
from pipelines.warehouse.run_log import FIGURES, MEMORY

SHRINK = 0.01
"""A count may fall by this share of its previous value, because sources withdraw rows."""
GROWTH = 2.0
"""A count may grow to this many times its previous value."""
RATE_STEP = 0.05
"""A source's contact rate (0 to 1) may rise or fall by this much."""
UNKNOWN_STEP = 0.02
"""A source's share of attempts with the disposition ``unknown`` (0 to 1) may rise by this much."""
ENOUGH = 100
"""Growth and rates of a source with fewer attempts are not compared, because they jump by chance."""


def _compared(figure: str, where: str) -> str:
    """Return a query for the scopes of one figure that meet the condition ``where``.

    The condition reads ``last`` and ``now``: the value at the last publication and the present one, null if there is
    none.
    """
    return f"""
WITH figures AS ({FIGURES}
),
last_published AS (
    SELECT figure, scope, value, published_at
    FROM {MEMORY}
    WHERE published_at = (SELECT max(published_at) FROM {MEMORY})
),
compared AS (
    SELECT coalesce(before.scope, after.scope) AS scope, before.value AS last, after.value AS now,
        (SELECT max(published_at) FROM last_published) AS last_published_at
    FROM (SELECT scope, value FROM last_published WHERE figure = '{figure}') AS before
    FULL OUTER JOIN (SELECT scope, value FROM figures WHERE figure = '{figure}') AS after
        ON after.scope = before.scope
),
enough AS (
    SELECT scope FROM last_published WHERE figure = 'attempts' AND value >= {ENOUGH}
)
SELECT scope, last, now, last_published_at
FROM compared
WHERE last_published_at IS NOT NULL AND ({where})
ORDER BY scope"""


DRIFT_RULES = (
    Rule(
        "core.attempts",
        "attempts_do_not_vanish",
        f"No source has lost more than {SHRINK:.0%} of its attempts since the last publication.",
        "warn",
        query=_compared("attempts", f"coalesce(now, 0) < {1 - SHRINK} * last"),
    ),
    Rule(
        "core.attempts",
        "attempts_do_not_explode",
        f"No source has more than {GROWTH:g} times its attempts at the last publication.",
        "warn",
        query=_compared("attempts", f"now > {GROWTH} * last AND scope IN (SELECT scope FROM enough)"),
    ),
    Rule(
        "core.attempts",
        "contact_rate_does_not_jump",
        f"No source's contact rate per attempt has moved by more than {100 * RATE_STEP:g} points since the last "
        "publication.",
        "warn",
        query=_compared(
            "contact_rate", f"abs(now - last) > {RATE_STEP} AND scope IN (SELECT scope FROM enough)"
        ),
    ),
    Rule(
        "core.attempts",
        "unknown_share_does_not_jump",
        f"No source's share of `unknown` dispositions has risen by more than {100 * UNKNOWN_STEP:g} points since the "
        "last publication.",
        "warn",
        query=_compared(
            "unknown_share", f"now - last > {UNKNOWN_STEP} AND scope IN (SELECT scope FROM enough)"
        ),
    ),
    Rule(
        "core.attempts",
        "no_value_is_new",
        "No source uses a status, result, outcome or disposition that it had not used at the last publication.",
        "warn",
        query=_compared(
            "rows_of_value",
            "last IS NULL AND split_part(scope, ' ', 1) IN "
            "(SELECT scope FROM last_published WHERE figure = 'attempts' AND value > 0)",
        ),
    ),
    Rule(
        "quality.row_accounting",
        "row_counts_are_no_whole_pages",
        "No resource has exactly 100, 200, 250 or a multiple of 500 rows. Such a number is one of whole pages: the last "
        "page, or all after the first, may be missing.",
        "warn",
        query="""
SELECT source, resource, count(*) AS files, sum(rows_in_file) AS rows_in_files
FROM quality.row_accounting
GROUP BY source, resource
HAVING sum(rows_in_file) IN (100, 200, 250) OR (sum(rows_in_file) > 0 AND sum(rows_in_file) % 500 = 0)""",
    ),
)
"""Every drift rule."""
