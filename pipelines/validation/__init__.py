"""Validation: what must hold of every table, checked before anything is built on it or published.

Belongs here: the rules (``rules``), how far figures may move between publications (``drift``), their evaluation by
Great Expectations inside DuckDB (``engine``), and the Dagster asset checks made of them (``checks``). Does not belong
here: mending data, or rejecting rows (``pipelines.ingest``).

Importing this package does not import Great Expectations: that costs seconds, and is paid by the first check that runs.
"""

from pipelines.validation.checks import build_checks
from pipelines.validation.drift import remember_published
from pipelines.validation.rule import Rule
from pipelines.validation.rules import RULES

__all__ = ["RULES", "Rule", "build_checks", "remember_published"]
