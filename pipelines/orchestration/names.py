"""Names in Dagster that more than one module needs.

Belongs here: names. Does not belong here: anything that takes time to import.
"""

from __future__ import annotations

import dagster as dg

JOB = "refresh"
OWNERS = ["team:contact-ledger"]
POOL = "warehouse"
"""The pool of every step that writes to the warehouse. One run at a time may hold it."""
PUBLISHED = "published"
"""The group of what is published, and the first part of its keys."""
DATABASE = dg.AssetKey([PUBLISHED, "contact_ledger"])
REPORT = dg.AssetKey([PUBLISHED, "report"])
