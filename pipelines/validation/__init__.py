"""Validation: what must hold of every table, checked before anything is built on it or published.

Belongs here: the rules (``rules``), how far figures may move between publications (``drift``), their evaluation by
Great Expectations inside DuckDB (``engine``). Does not belong
here: mending data, or rejecting rows (``pipelines.ingest``).

Importing this package does not import Great Expectations: that costs seconds, and is paid by the first check that runs.
"""

from pipelines.validation.rule import Finding, Rule
from pipelines.validation.rules import load_rules

__all__ = ["Finding", "Rule", "load_rules"]
