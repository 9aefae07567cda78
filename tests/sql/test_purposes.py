"""Which line of purposes.csv decides for a campaign, and when."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.sql.logs import Row, liondesk, merged, outreach, with_mapping, with_rules
from tests.support import build

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)


def log() -> dict[str, list[Row]]:
    named = {
        "outreach_sequences": [
            {"id": 1, "name": "Renewals Q4"},
            {"id": 2, "name": "Renewals_Q5 50%"},
        ]
    }
    calls = merged(outreach({1: ["C"]}, sequence=1), outreach({2: ["NA"]}, sequence=2, first_id=50))
    return merged(calls, outreach({3: ["NA"]}, sequence=None, first_id=90), named, liondesk({1: ["SENT"]}))


def purposes(*lines: str) -> list[tuple[str, str, str, str | None, datetime, datetime]]:
    """Campaign | purpose | since | until of Outreach → campaign, purpose, consent, subject, since, until."""
    rows = [
        dict(zip(("campaign", "purpose", "since", "until"), line.split("|"), strict=False)) for line in lines
    ]
    with with_rules(with_mapping(log()), purposes=[{"source": "outreach", **row} for row in rows]) as con:
        build(con, "core._purposes")
        found = con.sql("SELECT * EXCLUDE (source) FROM core._purposes ORDER BY campaign_key, since")
        return found.fetchall()


def decided(*lines: str) -> dict[str, str]:
    rows = purposes(*lines)
    assert {row[4:] for row in rows} <= {(FIRST, LAST)}
    return {row[0].removeprefix("outreach:"): row[1] for row in rows}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], {}),
        (["nobody|survey"], {}),
        (["outreach:1|survey"], {"1": "survey"}),
        (["OUTREACH:1|survey", "outreach:none|b2b"], {"1": "survey", "none": "b2b"}),
        (["renewals q4|survey"], {"1": "survey"}),
        (["%|survey"], {"1": "survey", "2": "survey", "none": "survey"}),
        (["Renewals%|service", "%|survey"], {"1": "service", "2": "service", "none": "survey"}),
        (["Renewals_Q%|service"], {"2": "service"}),  # an underscore is a letter
        (["Renewals_Q5 50%|service"], {"2": "service"}),
        (["Renewals%|survey", "Renewals%|service"], {"1": "service", "2": "service"}),
        (["Renewals Q4|service", "Renewals%|survey"], {"1": "service", "2": "survey"}),
        (
            ["outreach:1|political", "Renewals Q4|service", "%|survey"],
            {"1": "political", "2": "survey", "none": "survey"},
        ),
    ],
)
def test_which_line_decides(lines: list[str], expected: dict[str, str]) -> None:
    assert decided(*lines) == expected


def test_since_and_until_divide_the_time() -> None:
    assert purposes(
        "Renewals%|survey|2026-01-01|2026-03-31",
        "outreach:1|service|2026-02-01|2026-02-10",
        "outreach:1|b2b|2026-06-01T12:00:00Z|",
    ) == [
        ("outreach:1", "survey", "unknown", None, datetime(2026, 1, 1), datetime(2026, 2, 1)),
        ("outreach:1", "service", "unknown", None, datetime(2026, 2, 1), datetime(2026, 2, 11)),
        ("outreach:1", "survey", "unknown", None, datetime(2026, 2, 11), datetime(2026, 4, 1)),
        ("outreach:1", "b2b", "unknown", None, datetime(2026, 6, 1, 12), LAST),
        ("outreach:2", "survey", "unknown", None, datetime(2026, 1, 1), datetime(2026, 4, 1)),
    ]


def test_a_line_counts_for_its_source_alone() -> None:
    with with_rules(
        with_mapping(log()), purposes=[{"source": "liondesk", "campaign": "%", "purpose": "service"}]
    ) as con:
        build(con, "core._purposes")
        assert con.sql("SELECT campaign_key FROM core._purposes").fetchall() == [("liondesk:Drip",)]
