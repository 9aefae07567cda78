"""The rules: what must hold of every table. One module for each schema; those about people have their own.

Belongs here: a rule's name, its sentence, its severity, and its query for the rows that break it. Rules that a contract
or a SQL file already states are read from there (``declared``, ``raw``). Does not belong here: how a rule is evaluated
(``engine``), or how Dagster shows it (``orchestration.checks``).

If a rule of severity ``error`` is broken, published numbers would be wrong, so nothing is published. If a rule of
severity ``warn`` is broken, the numbers stand, and somebody should look. A rule that nobody would act on is left out.

A query returns what identifies each offending row and what is wrong with it. It never returns a name, a note or a phone
number. A rule counts again what its table was built from, in another way than the table's own SQL. The closed lists
stand here a second time (``vocabulary``), so that a change of meaning breaks a rule.
"""

from __future__ import annotations

from functools import cache

from pipelines.models.sql_files import SQL_ROOT, load_models
from pipelines.sources import RESOURCES
from pipelines.validation.drift import DRIFT_RULES
from pipelines.validation.rule import Rule
from pipelines.validation.rules.across import ACROSS_RULES
from pipelines.validation.rules.compliance import COMPLIANCE_RULES
from pipelines.validation.rules.core import CORE_RULES
from pipelines.validation.rules.declared import figure_rules, key_rules, rule_files, source_rules
from pipelines.validation.rules.people import PEOPLE_RULES
from pipelines.validation.rules.quality import QUALITY_RULES
from pipelines.validation.rules.raw import raw_rules
from pipelines.validation.rules.replay import REPLAY_RULES
from pipelines.validation.rules.reports import REPORT_RULES


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return every rule. Reads the SQL files, which state some of them.

    Raises ModelError if a SQL file does not keep to its form.
    """
    models = load_models()
    return (
        *(rule for resource in RESOURCES for rule in raw_rules(resource)),
        *key_rules(models),
        *figure_rules(models),
        *source_rules(models),
        *rule_files(SQL_ROOT),
        *CORE_RULES,
        *PEOPLE_RULES,
        *COMPLIANCE_RULES,
        *REPLAY_RULES,
        *REPORT_RULES,
        *ACROSS_RULES,
        *QUALITY_RULES,
        *DRIFT_RULES,
    )
