"""Lists of a million people in seconds, for benchmarks: the dialer's targets, and some of them in the other systems, too.

Belongs here: rows of the other systems that agree with the numbers of `bulk.py`, put into raw tables. Does not belong here:
landing files (`bulk_lists.py`) and the measuring (`tests/benchmarks`).

A person is a pair of copies of one target: two entries of the dialer's lists. Of every ten, three are in Outreach, two in
Action Builder and one in LionDesk, chosen independently. Half of the records have an e-mail address, two in a hundred a
mark. Numbers look like numbers of the United States; they are never written into a file of the project.
"""

from __future__ import annotations

import duckdb

from tests.simulation import bulk

_BEGIN = "TIMESTAMP '2026-10-12 13:00:00'"

_PEOPLE = """
    SELECT
        row_number() OVER () AS person, split_part(block.name, ' ', 1) AS first_name, split_part(block.name, ' ', 2) AS last_name,
        {number} AS number, hash(block.id, copies.pair) AS chance, 'p' || row_number() OVER () || '@example.com' AS email
    FROM bulk_outdialtargets AS block
    CROSS JOIN (SELECT DISTINCT copy // 2 AS pair FROM bulk_copies) AS copies
    WHERE block.destination_0 IS NOT NULL"""

_LISTS = {
    "outreach_sequences": """
        SELECT i AS id, 'Sequence ' || i AS name, TRUE AS enabled, TIMESTAMP '2026-09-01' AS created_at,
            TIMESTAMP '2026-09-01' AS updated_at
        FROM range(11, 31) AS r(i)""",
    "outreach_prospects": f"""
        SELECT
            person AS id, first_name, last_name, CASE WHEN chance % 2 = 0 THEN [email] END AS emails, [number] AS mobile_phones,
            CASE WHEN chance % 50 = 0 THEN 'opted_out' END AS calls_opt_status,
            CASE WHEN chance % 50 = 0 THEN {_BEGIN} + to_hours(CAST(chance % 200 AS INTEGER)) END AS calls_opted_at,
            CASE WHEN chance % 3 = 0 THEN 'America/New_York' END AS time_zone_iana,
            CASE WHEN chance % 4 = 0 THEN 'M' || person END AS external_id,
            TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-10-12' AS updated_at
        FROM bulk_people WHERE (chance >> 8) % 10 < 3""",
    "outreach_phone_numbers": f"""
        SELECT
            person AS id, number, CASE WHEN chance % 50 = 1 THEN 'bad' ELSE 'good' END AS status, person AS prospect_id,
            {_BEGIN} + to_hours(CAST(chance % 200 AS INTEGER)) AS status_changed_at
        FROM bulk_people WHERE (chance >> 8) % 10 < 3""",
    "outreach_calls": f"""
        SELECT
            person * 2 + k AS id, 'outbound' AS direction, number AS "to", person AS prospect_id, person AS phone_number_id,
            11 + person % 20 AS sequence_id, CASE WHEN chance % 7 = k THEN 'Answered' ELSE 'Not Answered' END AS outcome,
            dialled AS dialed_at, dialled + to_seconds(40) AS completed_at, dialled AS created_at,
            dialled + to_seconds(45) AS updated_at,
            1 + person % 24 AS user_id
        FROM (
            SELECT people.*, k, {_BEGIN} + to_seconds(CAST(((chance >> 16) + k * 7919 * 60) % 900000 AS INTEGER)) AS dialled
            FROM bulk_people AS people CROSS JOIN range(2) AS t(k)
            WHERE (chance >> 8) % 10 < 3
        ) AS tries""",
    "action_builder_campaigns": """
        SELECT i AS id, 'Drive ' || i AS name, TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-09-01' AS updated_at
        FROM range(40, 60) AS r(i)""",
    "action_builder_entities": """
        SELECT
            person AS id, first_name, last_name, CASE WHEN chance % 4 = 0 THEN 'M' || person END AS custom_id,
            TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-09-01' AS updated_at
        FROM bulk_people WHERE (chance >> 16) % 10 < 2""",
    "action_builder_phone_numbers": f"""
        SELECT
            person AS id, '(' || number[3:5] || ') ' || number[6:8] || '-' || number[9:12] AS number, person AS owner_id,
            'Entity' AS owner_type, CASE WHEN chance % 50 = 2 THEN 'do_not_contact' ELSE 'verified' END AS status,
            TIMESTAMP '2026-09-01' AS created_at, {_BEGIN} + to_hours(CAST(chance % 200 AS INTEGER)) AS updated_at
        FROM bulk_people WHERE (chance >> 16) % 10 < 2""",
    "action_builder_emails": """
        SELECT person AS id, email, person AS owner_id, 'Entity' AS owner_type, 'verified' AS status,
            TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-09-01' AS updated_at
        FROM bulk_people WHERE (chance >> 16) % 10 < 2 AND chance % 2 = 0""",
    "action_builder_contact_attempts": f"""
        SELECT
            person AS id, person AS entity_id, 40 + person % 20 AS campaign_id, 'PhoneNumber' AS contact_info_type,
            person AS contact_info_id, CAST(chance % 5 AS INTEGER) AS disposition, 900 + person % 20 AS created_by_id,
            {_BEGIN} + to_seconds(CAST((chance >> 20) % 900000 AS INTEGER)) AS created_at,
            {_BEGIN} + to_seconds(CAST((chance >> 20) % 900000 AS INTEGER)) AS updated_at
        FROM bulk_people WHERE (chance >> 16) % 10 < 2""",
    "liondesk_contacts": """
        SELECT
            person AS id, first_name, last_name, CASE WHEN chance % 2 = 0 THEN email END AS email,
            number[3:5] || '-' || number[6:8] || '-' || number[9:12] AS mobile_phone,
            CASE WHEN chance % 50 = 3 THEN ['Do Not Call'] END AS tags, TIMESTAMP '2026-09-01' AS created_at,
            TIMESTAMP '2026-09-01' AS modified_at
        FROM bulk_people WHERE (chance >> 24) % 10 < 1""",
    "house_people": """
        SELECT 'outreach' AS source, CAST(person AS VARCHAR) AS target_id, 'member ' || person AS person
        FROM bulk_people WHERE (chance >> 8) % 10 < 3 AND person % 1000 = 0""",
}

_PURPOSES = (
    ("voipbin", "North", "solicitation", "no", "North"),
    ("voipbin", "East", "debt_collection", "unknown", "East"),
    ("outreach", "Sequence 1%", "solicitation", "no", "sequences"),
)


def fill(con: duckdb.DuckDBPyConnection, calls: int, seed: object = 0, faults: int = 0) -> int:
    """Put at least `calls` calls of the dialer into the raw tables of `con`, with people, lists, marks and purposes.

    Returns the number of the dialer's calls.
    """
    filled = bulk.fill(con, calls, seed, faults)
    number = bulk.number("block.id", "0", "copies.pair")
    con.execute(f"CREATE OR REPLACE TEMP TABLE bulk_people AS {_PEOPLE.format(number=number)}")
    for table, rows in _LISTS.items():
        con.execute(f"INSERT INTO raw.{table} BY NAME {rows}")
    con.execute("DELETE FROM landing.purposes")
    con.executemany(
        "INSERT INTO landing.purposes (line, source, campaign, purpose, consent, subject) VALUES (?, ?, ?, ?, ?, ?)",
        [[line, *values] for line, values in enumerate(_PURPOSES, 2)],
    )
    return filled
