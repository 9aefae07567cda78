"""What must hold of every table: the rules, as data.

Belongs here: one entry a rule, in words and as a query for the rows that break it, or read from the contract or a SQL
file's header where that already says it. Does not belong here: how a rule is evaluated (``engine``) or shown
(``checks``).

Severity ``error``: were the rule broken, published numbers would be wrong, so nothing is published. ``warn``: the
numbers stand, somebody should look. A rule that nobody would act on is left out.

A query returns the rows that break its rule, with what identifies them and what is wrong; never a name, a note or a
phone number. A rule counts again what a table was built from, in another way than the table's own SQL does; and the
vocabularies stand here a second time, so that a change of meaning is caught and not merely followed.
"""

from __future__ import annotations

from functools import cache

from pipelines.models.sql_files import SQL_ROOT, load_models
from pipelines.sources import RESOURCES
from pipelines.validation.drift import DRIFT_RULES
from pipelines.validation.rule import Rule
from pipelines.validation.rules.core import CORE_RULES
from pipelines.validation.rules.declared import figure_rules, key_rules, rule_files, source_rules
from pipelines.validation.rules.quality import QUALITY_RULES
from pipelines.validation.rules.raw import raw_rules
from pipelines.validation.rules.replay import REPLAY_RULES
from pipelines.validation.rules.reports import REPORT_RULES


@cache
def load_rules() -> tuple[Rule, ...]:
    """Every rule. Reads the SQL files, whose headers state some of them."""
    models = load_models()
    return (
        *(rule for resource in RESOURCES for rule in raw_rules(resource)),
        *key_rules(models),
        *figure_rules(models),
        *source_rules(models),
        *rule_files(SQL_ROOT),
        *CORE_RULES,
        *REPLAY_RULES,
        *REPORT_RULES,
        *QUALITY_RULES,
        *DRIFT_RULES,
    )
