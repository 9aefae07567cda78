"""The recount of one ledger: every published table under its name, from rows of raw tables and a moment.

Belongs here: which table is worked out from what. Does not belong here: how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.recount import aapor, comparisons, curves, outcomes, rates
from tests.recount.attempts import MEASURING, SOURCES, Attempt, History, Key, attempts, histories
from tests.recount.replay import Result, replay
from tests.recount.rows import Rows, cut_off, existing, latest_moment, of_source
from tests.recount.tables import read_landing

Figures = dict[str, Any]
Table = Mapping[tuple[Any, ...], Figures]
"""A table's figures by key. Columns that are not counted again are left out."""


class Recount:
    """What every report has to say of these rows.

    ``as_of`` is the moment that was set; by default it is the latest moment in the rows, and each source is judged by
    its own latest. ``zone`` is the reporting time zone. Raises a ValueError when there is no moment to speak of.
    """

    def __init__(self, rows: Rows, as_of: datetime | None = None, zone: str = "UTC") -> None:
        moment = as_of or latest_moment(rows)
        if moment is None:
            raise ValueError("nothing has happened in these rows, and no moment is set")
        self.rows, self.as_of, self.zone = rows, moment, zone
        self.is_set = as_of is not None
        # Where nothing has happened, nothing is late either.
        self.moments: dict[str, datetime] = {
            source: as_of or latest_moment(of_source(rows, source)) or NOTHING_YET for source in SOURCES
        }

    @classmethod
    def of_folder(cls, landing: Path) -> Recount:
        """The recount of a landing folder."""
        return cls(read_landing(landing).rows)

    @cached_property
    def replay(self) -> Result:
        """What became of the dialer's targets."""
        return replay(self.rows, self.moments["voipbin"], is_set=self.is_set)

    @cached_property
    def ledger(self) -> list[Attempt]:
        """Every attempt and communication."""
        return attempts(self.rows, self.moments)

    @cached_property
    def histories(self) -> Mapping[Key, Sequence[History]]:
        """Every campaign's targets, and every source's (``all``)."""
        until = cut_off(self.rows, "voipbin", self.moments["voipbin"])
        return histories(self.ledger, self.rows, self.replay.outcomes, until)

    @cached_property
    def measured(self) -> Mapping[Key, Sequence[History]]:
        """The histories of sources that can tell whether a person was reached."""
        return {key: targets for key, targets in self.histories.items() if key[0] in MEASURING}

    @cached_property
    def campaigns(self) -> Mapping[Key, Sequence[History]]:
        """Of these, the campaigns alone."""
        return {key: targets for key, targets in self.measured.items() if key[1] != "all"}

    @cached_property
    def tried(self) -> Mapping[Key, Sequence[History]]:
        """The measured histories where anybody was really tried."""
        return {
            key: targets
            for key, targets in self.measured.items()
            if any(history.attempts for history in targets)
        }

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of every campaign that a list has, by key."""
        tables = {
            "action_builder": "action_builder_campaigns",
            "voipbin": "voipbin_campaigns",
            "outreach": "outreach_sequences",
        }
        return {
            f"{source}:{row['id']}": row.get("name") or str(row["id"])
            for source, table in tables.items()
            for row in existing(self.rows, table, cut_off(self.rows, source, self.moments[source]))
        }

    def name(self, campaign: str) -> str:
        """What the source calls a campaign; what follows the source in its key when it has no name."""
        native = campaign.partition(":")[2]
        return self.names.get(campaign) or re.sub("^named ((named )*none)$", r"\1", native)

    def table(self, name: str) -> Table:
        """A published table by its name, ``<schema>.<table>``."""
        return TABLES[name][1](self)


def _attempts(recount: Recount) -> Table:
    """Rows by key, LionDesk's left out."""
    found: dict[tuple[Any, ...], Figures] = {}
    for (source, campaign), targets in recount.campaigns.items():
        for history in targets:
            numbers = {attempt.key: number for number, attempt in enumerate(history.attempts, 1)}
            for row in history.rows:
                found[(row.key,)] = {
                    "source": source,
                    "campaign_key": campaign,
                    "campaign_name": recount.name(campaign),
                    "target_key": history.target,
                    "channel": row.channel,
                    "direction": row.direction,
                    "attempted_at": row.at,
                    "ended_at": row.ended_at,
                    "attempt_number": numbers.get(row.key),
                    "is_latest": row is history.latest,
                    "disposition": row.disposition,
                    "aapor_class": row.aapor,
                    "is_attempt": row.is_real,
                    "is_contact": row.is_contact,
                    "agent_key": row.agent,
                    "destination_index": row.destination_index,
                }
                if row.says is not None:
                    found[(row.key,)] |= {
                        "raw_disposition": row.says.raw,
                        "disposition_basis": row.says.basis,
                    }
    return found


def _observed(recount: Recount) -> Table:
    latest = {source: latest_moment(of_source(recount.rows, source)) for source in SOURCES}
    return {
        (source,): {"observed_until": recount.as_of if recount.is_set else moment, "latest_at": moment}
        for source, moment in latest.items()
    }


def _unmapped(recount: Recount) -> Table:
    found: dict[tuple[Any, ...], Figures] = {}
    for attempt in recount.ledger:
        if attempt.unmapped is not None:
            figures = found.setdefault((attempt.source, *attempt.unmapped), {"rows": 0, "attempts": 0})
            figures["rows"] += 1
            figures["attempts"] += attempt.is_real
    return found


def _campaigns(recount: Recount) -> Table:
    met = {(attempt.source, attempt.campaign) for attempt in recount.ledger}
    listed = {(campaign.partition(":")[0], campaign) for campaign in recount.names}
    return {
        key: {
            "campaign_name": recount.name(key[1]),
            "is_in_ledger": key in met,
            "is_listed": key in listed,
        }
        for key in met | listed
    }


def _each(histories: Mapping[Key, Sequence[History]], count: Callable[[Sequence[History]], Figures]) -> Table:
    """One row a campaign."""
    return {key: count(targets) for key, targets in histories.items()}


def _several(
    histories: Mapping[Key, Sequence[History]], count: Callable[[Sequence[History]], Table]
) -> Table:
    """Several rows a campaign: those that ``count`` gives, with the campaign before their key."""
    return {
        (*key, *rest): figures
        for key, targets in histories.items()
        for rest, figures in count(targets).items()
    }


def _inventory(recount: Recount) -> Table:
    return {
        (campaign,): outcomes.inventory(targets, recount.replay.outcomes)
        for (source, campaign), targets in recount.measured.items()
        if source == "voipbin" and any(history.attempts or history.is_listed for history in targets)
    }


NOTHING_YET = datetime(1, 1, 1)
"""The moment of a source in which nothing has happened."""
CAMPAIGN = ("source", "campaign_key")

TABLES: dict[str, tuple[tuple[str, ...], Callable[[Recount], Table]]] = {
    "core.observed": (("source",), _observed),
    "core.attempts": (("attempt_key",), _attempts),
    "core.campaigns": (CAMPAIGN, _campaigns),
    "quality.unmapped_values": (("source", "field", "value"), _unmapped),
    "replay.target_outcomes": (
        ("outdial_target_id",),
        lambda r: outcomes.target_outcomes(r.replay.outcomes),
    ),
    "replay.transitions": (("outdial_target_id", "sequence"), lambda r: outcomes.transitions(r.replay)),
    "replay.violations": (("campaigncall_id", "code"), lambda r: outcomes.violations(r.replay)),
    "replay.contact_outcomes": (
        (*CAMPAIGN, "target_key"),
        lambda r: outcomes.contact_outcomes(r.campaigns, r.replay.outcomes),
    ),
    "reports.campaign_contact_rates": (CAMPAIGN, lambda r: _each(r.campaigns, rates.contact_rates)),
    "reports.contact_rates_by": (
        (*CAMPAIGN, "dimension", "value"),
        lambda r: rates.rates_by(r.ledger, r.zone),
    ),
    "reports.comparisons": (
        (*CAMPAIGN, "family", "side", "other"),
        lambda r: comparisons.comparisons(r.campaigns, r.ledger, r.moments, r.zone),
    ),
    "reports.campaign_dispositions": (
        (*CAMPAIGN, "disposition"),
        lambda r: _several(_without_totals(r.histories), rates.dispositions),
    ),
    "reports.disposition_matrix": (
        (*CAMPAIGN, "attempt_number", "disposition"),
        lambda r: _several(_without_totals(r.histories), rates.matrix),
    ),
    "reports.best_time": (
        (*CAMPAIGN, "attempts_kind", "weekday", "hour"),
        lambda r: _several(r.campaigns, lambda targets: rates.best_time(targets, r.zone)),
    ),
    "reports.attempt_curve": (
        (*CAMPAIGN, "attempt_number"),
        lambda r: _several(r.tried, curves.attempt_curve),
    ),
    "reports.time_to_contact": (
        CAMPAIGN,
        lambda r: {
            key: curves.time_to_contact(targets, r.moments[key[0]]) for key, targets in r.tried.items()
        },
    ),
    "reports.time_to_contact_curve": (
        (*CAMPAIGN, "elapsed_seconds"),
        lambda r: {
            (*key, *rest): figures
            for key, targets in r.tried.items()
            for rest, figures in curves.time_to_contact_curve(targets, r.moments[key[0]]).items()
        },
    ),
    "reports.retry_what_if": ((*CAMPAIGN, "max_attempts"), lambda r: _several(r.tried, curves.what_if)),
    "reports.aapor_classes": (CAMPAIGN, lambda r: _each(r.measured, aapor.classes)),
    "reports.aapor_rates": ((*CAMPAIGN, "rate"), lambda r: _several(r.measured, aapor.rates)),
    "reports.inventory": (("campaign_key",), _inventory),
    "reports.campaign_outcomes": (
        ("campaign_id", "outcome"),
        lambda r: outcomes.campaign_outcomes(r.replay.outcomes),
    ),
    "reports.platform_agreement": (
        ("campaign_id", "status_agreement", "tries_agreement"),
        lambda r: outcomes.platform_agreement(r.replay.outcomes),
    ),
    "reports.abandonment": (CAMPAIGN, lambda r: outcomes.abandonment(r.rows, r.moments["voipbin"])),
    "reports.policy_audit": (("campaign_id", "code"), lambda r: outcomes.policy_audit(r.replay)),
    "reports.scheduled_communications": (
        ("campaign_key", "type", "agent_key"),
        lambda r: outcomes.communications(r.ledger, r.rows),
    ),
}
"""Published table → the columns of its key, and its recount."""


def _without_totals(histories: Mapping[Key, Sequence[History]]) -> Mapping[Key, Sequence[History]]:
    return {key: targets for key, targets in histories.items() if key[1] != "all"}
