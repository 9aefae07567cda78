"""How today's figures differ from those last published: rules that warn, and the memory that they compare with.

Belongs here: which figures are remembered, and how far each may move. Does not belong here: what must hold of the
tables whatever they held before (``rules``).

Raw tables hold everything that ever landed, so figures grow slowly from run to run: a count that falls, or a rate that
jumps, has a cause that somebody should know before the numbers are read. Nothing is remembered of a run that published
nothing, and the first run has nothing to be compared with.
"""

from __future__ import annotations

from pipelines.validation.rule import Rule
from pipelines.warehouse.run_log import FIGURES, MEMORY

SHRINK = 0.01
"""A count may fall by this share of what it was: sources withdraw rows."""
GROWTH = 2.0
"""A count may grow to this many times what it was."""
RATE_STEP = 0.05
"""A source's contact rate may move by this much, either way."""
UNKNOWN_STEP = 0.02
"""The share of unknown dispositions may rise by this much."""
ENOUGH = 100
"""Attempts below which a source's rates and growth are not compared: they jump by chance."""


def _compared(figure: str, where: str) -> str:
    """The scopes of one figure whose value last time and value now are as ``where`` says; null stands for none."""
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
        f"No source has lost more than {SHRINK:.0%} of the attempts that were last published.",
        "warn",
        query=_compared("attempts", f"coalesce(now, 0) < {1 - SHRINK} * last"),
    ),
    Rule(
        "core.attempts",
        "attempts_do_not_explode",
        f"No source has more than {GROWTH:g} times the attempts that were last published.",
        "warn",
        query=_compared("attempts", f"now > {GROWTH} * last AND scope IN (SELECT scope FROM enough)"),
    ),
    Rule(
        "core.attempts",
        "contact_rate_does_not_jump",
        f"No source's contact rate per attempt has moved by more than {100 * RATE_STEP:g} points since last published.",
        "warn",
        query=_compared(
            "contact_rate", f"abs(now - last) > {RATE_STEP} AND scope IN (SELECT scope FROM enough)"
        ),
    ),
    Rule(
        "core.attempts",
        "unknown_share_does_not_jump",
        f"No source's share of unknown dispositions has risen by more than {100 * UNKNOWN_STEP:g} points since last "
        "published.",
        "warn",
        query=_compared(
            "unknown_share", f"now - last > {UNKNOWN_STEP} AND scope IN (SELECT scope FROM enough)"
        ),
    ),
    Rule(
        "core.attempts",
        "no_value_is_new",
        "No source uses a status, result, outcome or disposition that it had never used when last published.",
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
        "No resource has exactly a page's worth of rows (100, 200, 250, or a multiple of 500): its last page, or all "
        "after the first, may be missing.",
        "warn",
        query="""
SELECT source, resource, count(*) AS files, sum(rows_in_file) AS rows_in_files
FROM quality.row_accounting
GROUP BY source, resource
HAVING sum(rows_in_file) IN (100, 200, 250) OR (sum(rows_in_file) > 0 AND sum(rows_in_file) % 500 = 0)""",
    ),
)
"""Every rule of drift; all of them warn."""
