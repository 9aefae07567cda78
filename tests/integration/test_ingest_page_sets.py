"""LionDesk: rows without an identity, the contact they are of, sets of pages, and rows that contradict themselves."""

from __future__ import annotations

import itertools
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.landing_folder import Landing, Row, airbyte, lines, to_csv, to_parquet

RESOURCE = "liondesk.contact_communications"


def row(name: str = "Text Template", **changes: object) -> Row:
    return {
        "campaign_name": "New Contact Campaign",
        "type": "Text Contact",
        "is_stopped_on_text_reply": True,
        "template_subject": "Import Deadline",
        "template_name": name,
        "template_folder_name": "New Contacts Template Folder",
        "is_active": True,
        "send_at": "2028-09-12T18:31:35.000Z",
        "completed_at": None,
        "send_from_user_id": 3,
        "completing_user_id": None,
        **changes,
    }


def page(rows: list[Row], total: int | None = None, skip: int = 0) -> Row:
    return {"total": len(rows) if total is None else total, "limit": 10, "skip": skip, "data": rows}


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path, RESOURCE)


def keys(landing: Landing) -> dict[str, int]:
    """Rows by template."""
    return dict(
        landing.con.sql(
            "SELECT template_name, count(*) FROM raw.liondesk_contact_communications GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("contacts/76/page.json", page([row()])),
        ("contact_id=76/page.json", page([row()])),
        ("deep/2026/contacts/76/campaign-communications/1.json", page([row()])),
        ("wrapped.json", {"contact_id": 76, "response": page([row()])}),
        ("in_rows.json", page([row(contact_id=76)])),
        ("contacts/12/the_row_knows_better.json", page([row(contact_id="76")])),
        ("contacts/12/the_wrapper_knows_better.json", {"contact_id": 76, "response": page([row()])}),
        ("flat.json", [row(contact_id=76)]),
        ("contacts/76/flat.json", row()),
    ],
)
def test_the_contact_from_row_wrapper_or_path(landing: Landing, name: str, content: object) -> None:
    landing.put(name, json.dumps(content))
    landing.run()
    assert landing.rejected() == []
    assert landing.columns("contact_id", "template_name", "is_active", "extra") == [
        (76, "Text Template", True, None)
    ]
    assert landing.notices("page_total") == []
    landing.law()


def test_a_page_of_nobody_is_refused(landing: Landing) -> None:
    landing.put("page.json", json.dumps(page([row(), row("B")])))
    landing.run()
    assert landing.rejected() == [(1, "no_contact"), (2, "no_contact")]
    assert landing.wrong() == [("no_contact", "contact_id", None)] * 2
    assert landing.files() == {"page.json": (2, 0, 0, 2)}
    landing.law()


def test_the_same_rows_have_the_same_key_in_every_shape(tmp_path: Path) -> None:
    rows = [row(contact_id=76), row("B", contact_id=76, send_at=None), row(contact_id=76), row(contact_id=77)]
    tables = []
    for name, content in {
        "page.json": json.dumps(page(rows)).encode(),
        "lines.ndjson": lines(rows),
        "table.csv": to_csv(rows),
        "table.parquet": to_parquet(rows),
        "airbyte.jsonl": airbyte("campaign_communications")(rows),
    }.items():
        landing = Landing(tmp_path / name, RESOURCE)
        landing.put(name, content)
        landing.run()
        landing.law()
        tables.append(landing.rows())
    assert len(tables[0]) == 4
    assert all(table == tables[0] for table in tables)


def test_the_native_id_is_the_key_where_there_is_one(landing: Landing) -> None:
    landing.put("contacts/76/a.json", json.dumps(page([row(id=10), row(id=11)])))
    landing.put(
        "contacts/76/b.json", json.dumps(page([row(id=10, is_active=False, completed_at="2026-01-01")]))
    )
    landing.run()
    assert landing.columns("communication_key", "is_active") == [("10", False), ("11", True)]
    landing.law()


def test_equal_rows_of_one_set_are_two_and_of_two_listings_one(landing: Landing) -> None:
    landing.put("contacts/76/2026-01-01.json", json.dumps(page([row(), row(), row("B")])))
    landing.run()
    assert keys(landing) == {"B": 1, "Text Template": 2}
    landing.put("contacts/76/2026-01-02.json", json.dumps({**page([row("B"), row(), row()]), "limit": 50}))
    landing.run()
    assert keys(landing) == {"B": 1, "Text Template": 2}
    landing.law()


def test_a_set_over_pages_files_and_runs_in_any_order(tmp_path: Path) -> None:
    pages = {
        "contacts/76/p0.json": page([row(), row("B")], 5, 0),
        "contacts/76/p2.json": page([row(), row("C")], 5, 2),
        "contacts/76/p4.json": page([row()], 5, 4),
    }
    tables = []
    for order in itertools.permutations(pages):
        landing = Landing(tmp_path / "".join(re.findall(r"p\d", "".join(order))), RESOURCE)
        for name in order:
            landing.put(name, json.dumps(pages[name]))
            landing.run()
            landing.law()
            incomplete = name != order[-1]
            assert bool(landing.notices("page_total")) is incomplete
        tables.append(landing.rows())
        assert keys(landing) == {"B": 1, "C": 1, "Text Template": 3}
    assert all(table == tables[0] for table in tables)


def test_listings_that_repeat_in_one_folder(landing: Landing) -> None:
    for day, active in (("01", True), ("02", False)):
        done: dict[str, Any] = {} if active else {"is_active": False, "completed_at": "2026-01-02"}
        landing.put(f"contacts/76/2026-01-{day}-p0.json", json.dumps(page([row(), row("B")], 3, 0)))
        landing.put(f"contacts/76/2026-01-{day}-p2.json", json.dumps(page([row(**done)], 3, 2)))
        landing.run()
        landing.law()
    # The second listing's first page has the bytes of the first's: it is not read, but it is a page of its set.
    assert landing.files()["contacts/76/2026-01-02-p0.json"] == (2, 0, 2, 0)
    assert landing.notices("page_total") == []
    assert landing.columns("template_name", "is_active") == [
        ("B", True), ("Text Template", False), ("Text Template", True)
    ]  # fmt: skip


def test_a_total_that_does_not_add_up_is_said(landing: Landing) -> None:
    landing.put("contacts/76/p0.json", json.dumps(page([row(), row("B")], 5)))
    landing.put("contacts/77/p0.json", json.dumps(page([], 1)))
    landing.put("contacts/78/p0.json", json.dumps(page([row()], 1)))
    landing.run()
    assert landing.notices("page_total") == [("contact_id", "76", 2), ("contact_id", "77", 0)]


def test_equal_bytes_of_two_contacts_are_two_rows(landing: Landing) -> None:
    for contact in (76, 77):
        landing.put(f"contacts/{contact}/p0.json", json.dumps(page([row()])))
    landing.run()
    assert [contact for contact, _ in landing.columns("contact_id", "type")] == [76, 77]
    landing.law()


def test_contradictions_are_warnings(landing: Landing) -> None:
    landing.put("contacts/76/p0.json", json.dumps(page([
        row("A", completing_user_id=76),
        row("B", is_active=False, completed_at="2017-12-06T22:11:02.000Z", completing_user_id=4),
        row("C", is_active=False, completed_at="2017-12-06T22:11:02.000Z"),
        row("D", is_active="false"),
        row("E", completed_at="2017-12-06T22:11:02.000Z"),
        row("F", is_active="true"),
    ])))  # fmt: skip
    landing.run()
    assert landing.rejected() == []
    assert len(landing.rows()) == 6
    assert landing.notices("inconsistent") == [("completed_at", None, 1), ("completed_at", None, 1),
                                               ("completing_user_id", None, 1)]  # fmt: skip


def test_a_row_without_its_state_is_refused(landing: Landing) -> None:
    landing.put(
        "contacts/76/p0.json",
        json.dumps(page([row(is_active=None), row(is_active="maybe"), row(send_at="x")])),
    )
    landing.run()
    assert landing.wrong() == [
        ("is_active is missing", "is_active", None),
        ("is_active is not true or false", "is_active", "maybe"),
        ("send_at is not a time", "send_at", "x"),
    ]


def test_loaded_users(landing: Landing) -> None:
    user = {"id": 99, "first_name": "Ana", "last_name": "Amari"}
    landing.put("contacts/76/p0.json", json.dumps(page([row(send_from_user=user, completing_user=None)])))
    landing.put("contacts/77/t.csv", to_csv([row(send_from_user__id="99", send_from_user__first_name="Ana",
                                                 send_from_user__last_name="Amari")]))  # fmt: skip
    landing.run()
    assert landing.columns("send_from_user", "completing_user", "send_from_user_id") == [
        (user, None, 3),
        (user, None, 3),
    ]
    assert landing.notices("new_field") == []


def test_late_news_of_one_contact_leave_the_others(landing: Landing) -> None:
    landing.put("contacts/76/p0.json", json.dumps(page([row()])))
    landing.put("contacts/77/p0.json", json.dumps(page([row()])))
    landing.run()
    landing.put(
        "contacts/76/p1.json", json.dumps(page([row(is_active=False, completed_at="2026-01-01T00:00:00Z")]))
    )
    landing.run()
    assert landing.columns("contact_id", "completed_at") == [(76, datetime(2026, 1, 1)), (77, None)]
    landing.law()
