"""Validation: what must hold of every table before anything is built from it or published.

Belongs here: the rules (``rules``), how far figures may move between publications (``drift``), and their evaluation by
Great Expectations inside DuckDB (``engine``). Does not belong here: mending data, or rejecting rows
(``pipelines.ingest``).

Importing this package does not import Great Expectations, which takes seconds. The first check that runs imports it.
"""

from pipelines.validation.rule import Finding, Rule
from pipelines.validation.rules import load_rules

__all__ = ["Finding", "Rule", "load_rules"]
