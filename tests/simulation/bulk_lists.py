"""Hundreds of thousands of Outreach calls, Action Builder attempts and LionDesk communications in seconds, for benchmarks.

Belongs here: landing files of the three sources that have no dialer, made by SQL over ``range()``. Does not belong here:
VoIPBIN's calls (`bulk.py`) and the sample, which has every odd shape (`landing.py`).

The files are NDJSON as the vendors document their rows: JSON:API resources, rows of the SQL mirror, list pages of one
contact each. People are tried two to four times, a day or several apart, until somebody answers or refuses. Every value
is one that the mapping knows. Everybody has a row in the lists of people, with a number of their own and, in half of them, an
e-mail address; two in a hundred are marked. The same number of rows gives the same files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.simulation.bulk import number

_BEGIN = "TIMESTAMP '2026-08-24 00:00:00'"
_DAYS = 56
"""Length of each log (days)."""
_SEQUENCES = 36
_DRIVES = 24
_DRIPS = 28
_PER_PERSON = 2.2
"""A little less than the number of tries that a person gets, so that there are people enough."""


def write_outreach(folder: Path, rows: int, part: str = "all", recent: float = 0.01) -> int:
    """Write `rows` calls, with their sequences and dispositions, as landing files under `folder`.

    `part`: `all`; `before`, without the `recent` share of calls that were made last; or `after`, only those, and no other
    resource. Returns the number of calls written.
    """
    with duckdb.connect() as con:
        if part != "after":
            _copy(con, folder / "outreach" / "sequences" / "sequences.ndjson", _OUTREACH_SEQUENCES)
            _copy(
                con, folder / "outreach" / "call_dispositions" / "dispositions.ndjson", _OUTREACH_DISPOSITIONS
            )
        con.execute(f"CREATE TABLE tries AS {_tries(rows, 'outreach', _SEQUENCES)}")
        if part != "after":
            _write_lists(con, folder / "outreach", _OUTREACH_LISTS)
        place = folder / "outreach" / "calls" / f"{part}.ndjson"
        return _copy(con, place, f"{_OUTREACH_CALLS} WHERE {_of(part, rows, recent)}")


def write_action_builder(folder: Path, rows: int, part: str = "all", recent: float = 0.01) -> int:
    """Write `rows` contact attempts, with their campaigns and tasks. Arguments and result are as in `write_outreach`."""
    with duckdb.connect() as con:
        if part != "after":
            _copy(
                con, folder / "action_builder" / "campaigns" / "campaigns.ndjson", _ACTION_BUILDER_CAMPAIGNS
            )
            _copy(con, folder / "action_builder" / "actions" / "actions.ndjson", _ACTION_BUILDER_ACTIONS)
        con.execute(f"CREATE TABLE tries AS {_tries(rows, 'action builder', _DRIVES)}")
        if part != "after":
            _write_lists(con, folder / "action_builder", _ACTION_BUILDER_LISTS)
        place = folder / "action_builder" / "contact_attempts" / f"{part}.ndjson"
        return _copy(con, place, f"{_ACTION_BUILDER_ATTEMPTS} WHERE {_of(part, rows, recent)}")


def write_liondesk(folder: Path, rows: int, part: str = "all", recent: float = 0.01) -> int:
    """Write at least `rows` communications, one page for each contact. `recent` is the share of contacts that joined last.

    Arguments and result are otherwise as in `write_outreach`.
    """
    contacts = next(some for some in range(1, rows + 1) if _communications(some) >= rows)
    place = folder / "liondesk" / "contact_communications" / f"{part}.ndjson"
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE steps AS {_liondesk_steps(contacts)}")
        if part != "after":
            _write_lists(con, folder / "liondesk", _LIONDESK_LISTS)
        wanted = _of(part, contacts, recent)
        _copy(con, place, _LIONDESK_PAGES.format(wanted=wanted))
        return int(con.sql(f"SELECT count(*) FROM steps WHERE {wanted}").fetchall()[0][0])


WRITERS: dict[str, Callable[[Path, int, str], int]] = {
    "outreach": write_outreach,
    "action_builder": write_action_builder,
    "liondesk": write_liondesk,
}
"""Source → what writes its bulk of rows."""


def _write_lists(con: duckdb.DuckDBPyConnection, folder: Path, lists: dict[str, str]) -> None:
    """Write each list as one file of its resource."""
    for resource, query in lists.items():
        _copy(con, folder / resource / f"{resource}.ndjson", query)


def _copy(con: duckdb.DuckDBPyConnection, path: Path, query: str) -> int:
    """Write the rows of a query as NDJSON. Returns their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place = "'" + str(path).replace("'", "''") + "'"
    return int(con.execute(f"COPY ({query}) TO {place} (FORMAT json)").fetchall()[0][0])


def _of(part: str, rows: int, recent: float) -> str:
    """The condition on `number` (from 1) that a part of the log is."""
    last_before = rows - max(1, round(rows * recent))
    return {
        "all": "true",
        "before": f"number <= {last_before}",
        "after": f"number > {last_before}",
    }[part]


def _roll(salt: str, *parts: str, sides: int = 100) -> str:
    """A whole number from 0 to below `sides`, as SQL: evenly spread over the rows, and the same every time."""
    return f"CAST(hash({', '.join(parts)}, '{salt}') % {sides} AS BIGINT)"


def _tries(rows: int, salt: str, campaigns: int) -> str:
    """The first `rows` tries of a log, in the order of time: number, person, try, campaign, moment, roll (0 to 99).

    A roll below 18 ends a person's tries. Each person belongs to one campaign.
    """
    return f"""
        WITH people AS (
            SELECT
                i AS person, {_roll(f"{salt} campaign", "i", sides=campaigns)} AS campaign,
                {_roll(f"{salt} day", "i", sides=_DAYS)} AS first_day,
                1 + {_roll(f"{salt} gap", "i", sides=3)} AS gap, 2 + {_roll(f"{salt} most", "i", sides=3)} AS most
            FROM range({int(rows / _PER_PERSON) + 10}) AS r(i)
        ),
        planned AS (
            SELECT
                person, campaign, k,
                {_BEGIN} + to_days(CAST(first_day + (k - 1) * gap AS INTEGER)) + to_hours(13)
                    + to_microseconds({_roll(f"{salt} moment", "person", "k", sides=9 * 3_600 * 1_000_000)}) AS moment,
                {_roll(f"{salt} outcome", "person", "k")} AS roll
            FROM people CROSS JOIN range(1, 5) AS t(k)
            WHERE k <= most
        ),
        made AS (
            SELECT *
            FROM planned
            QUALIFY coalesce(min(roll) OVER (
                PARTITION BY person ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 100) >= 18
        )
        SELECT row_number() OVER (ORDER BY moment, person, k) AS number, *
        FROM made
        ORDER BY number
        LIMIT {rows}"""


def _iso(moment: str) -> str:
    return f"strftime({moment}, '%Y-%m-%dT%H:%M:%S.%fZ')"


def _related(name: str, value: str) -> str:
    return f"'{name}': {{'data': CASE WHEN {value} IS NOT NULL THEN {{'type': '{name}', 'id': {value}}} END}}"


_NUMBER = number("person", "0", "0")
_FIRST = f"['Amara', 'Ben', 'Elif', 'Hana', 'Lena', 'Omar', 'Rosa', 'Uma'][1 + {_roll('first', 'person', sides=8)}]"
_LAST = f"['Carver', 'Duarte', 'Gallo', 'Jansen', 'Park', 'Silva', 'Vargas'][1 + {_roll('last', 'person', sides=7)}]"
_PEOPLE = f"""
    SELECT
        person, {_NUMBER} AS number, {_FIRST} AS first_name, {_LAST} AS last_name,
        'p' || person || '@example.com' AS email, {_roll("mark", "person")} AS mark, min(moment) AS first, max(moment) AS last
    FROM tries
    GROUP BY person
    ORDER BY person"""

_OUTREACH_LISTS = {
    "prospects": f"""
        SELECT
            'prospect' AS type, 2000 + person AS id,
            {{
                'firstName': first_name, 'lastName': last_name,
                'emails': CASE WHEN mark % 2 = 0 THEN [email] ELSE [] END, 'mobilePhones': [number],
                'callsOptStatus': CASE WHEN mark < 2 THEN 'opted_out' END,
                'callsOptedAt': CASE WHEN mark < 2 THEN {_iso("last")} END,
                'timeZoneIana': CASE WHEN mark % 3 = 0 THEN 'America/New_York' END,
                'createdAt': '2026-08-01T12:00:00Z', 'updatedAt': {_iso("last")}
            }} AS attributes
        FROM ({_PEOPLE})""",
    "phone_numbers": f"""
        SELECT
            'phoneNumber' AS type, 30000 + person AS id,
            {{
                'number': number, 'phoneType': 'mobile', 'status': CASE WHEN mark IN (2, 3) THEN 'bad' ELSE 'good' END,
                'statusChangedAt': {_iso("last")}
            }} AS attributes,
            {{{_related("prospect", "2000 + person")}}} AS relationships
        FROM ({_PEOPLE})""",
    "email_addresses": f"""
        SELECT
            'emailAddress' AS type, 80000 + person AS id,
            {{'email': email, 'status': 'valid', 'statusChangedAt': {_iso("first")}}} AS attributes,
            {{{_related("prospect", "2000 + person")}}} AS relationships
        FROM ({_PEOPLE})
        WHERE mark % 2 = 0""",
    "users": """
        SELECT 'user' AS type, i AS id, {'firstName': 'User', 'lastName': 'Number ' || i} AS attributes
        FROM range(1, 25) AS r(i)""",
}

_OUTREACH_DISPOSITIONS = """
    SELECT
        'callDisposition' AS type, id,
        {
            'createdAt': '2026-01-05T09:00:00.000Z', 'defaultForOutboundVoicemail': id = 7, 'name': name, 'order': id,
            'outcome': outcome, 'updatedAt': '2026-01-05T09:00:00.000Z'
        } AS attributes
    FROM (VALUES
        (1, 'Answered - Meeting Set', 'completed'), (3, 'Answered - Not Interested', 'completed'),
        (5, 'Answered - Wrong Contact', 'completed'), (6, 'No Answer', 'no_answer'),
        (7, 'Left Voicemail', 'no_answer'), (9, 'Bad Number', 'no_answer'),
        (12, 'Answered - Call Back Later', 'completed'), (15, 'Do Not Call', 'completed')
    ) AS dispositions (id, name, outcome)"""

_OUTREACH_SEQUENCES = f"""
    SELECT
        'sequence' AS type, 11 + i AS id,
        {{
            'createdAt': '2026-01-05T09:00:00.000Z', 'description': NULL, 'enabled': true, 'name': 'Sequence ' || (11 + i),
            'sequenceType': 'interval', 'updatedAt': '2026-01-05T09:00:00.000Z'
        }} AS attributes
    FROM range({_SEQUENCES}) AS r(i)"""

_OUTREACH_CALLS = f"""
    WITH said AS (
        SELECT
            *,
            -- Below 18 the roll ends the tries, for somebody was reached or never will be.
            CASE
                WHEN roll < 5 THEN 1 WHEN roll < 11 THEN 3 WHEN roll < 13 THEN 5 WHEN roll < 16 THEN 9
                WHEN roll < 18 THEN 15 WHEN roll < 23 THEN 12 WHEN roll < 48 THEN 7 ELSE 6
            END AS disposition,
            moment + to_microseconds(4000000 + {_roll("rings", "number", sides=21_000_000)}) AS answered,
            moment + to_microseconds(26000000 + {_roll("talks", "number", sides=300_000_000)}) AS ended,
            {_roll("logged", "number")} < 4 AS is_bare
        FROM tries
    )
    SELECT
        'call' AS type, 700000 + number AS id,
        {{
            'answeredAt': CASE WHEN disposition NOT IN (6, 9) THEN {_iso("answered")} END,
            'completedAt': {_iso("ended")},
            'createdAt': {_iso("ended + to_seconds(1)")},
            'dialedAt': {_iso("moment")},
            'direction': 'outbound',
            'externalVendor': 'Twilio',
            'from': '+12125550142',
            'note': CASE WHEN roll % 10 = 0 THEN 'Call again after six' END,
            'outcome': CASE WHEN disposition IN (6, 7, 9) THEN 'Not Answered' ELSE 'Answered' END,
            'recordingUrl': NULL,
            'returnedAt': NULL,
            'sequenceAction': CASE WHEN roll < 5 THEN 'Finish - Replied' ELSE 'Advance' END,
            'shouldRecordCall': false,
            'state': CASE disposition
                WHEN 6 THEN 'no_answer' WHEN 7 THEN 'left_voicemail' WHEN 9 THEN 'failed' ELSE 'completed'
            END,
            'stateChangedAt': {_iso("ended")},
            'tags': CASE WHEN roll < 5 THEN ['Meeting Booked'] ELSE [] END,
            'to': {_NUMBER},
            'uid': CAST(md5(CAST(number AS VARCHAR)) AS UUID),
            'updatedAt': {_iso("ended + to_seconds(5)")},
            'userCallType': 'voip',
            'vendorCallId': 'CA' || md5('vendor ' || number),
            'voicemailRecordingUrl': CASE
                WHEN disposition = 7 AND is_bare THEN 'https://recordings.example.com/vm/' || number || '.mp3'
            END
        }} AS attributes,
        {{
            {_related("callDisposition", "CASE WHEN NOT is_bare THEN disposition END")},
            {_related("callPurpose", "1 + number % 2")},
            {_related("opportunity", "CAST(NULL AS BIGINT)")},
            {_related("phoneNumber", "30000 + person")},
            {_related("prospect", "2000 + person")},
            {_related("sequence", "11 + campaign")},
            {_related("sequenceState", "40000 + person")},
            {_related("sequenceStep", "(11 + campaign) * 10 + k")},
            {_related("task", "50000 + number")},
            {_related("user", f"1 + (campaign + {_roll('user', 'number', sides=4)}) % 24")}
        }} AS relationships
    FROM said"""

_ACTION_BUILDER_CAMPAIGNS = f"""
    SELECT
        40 + i AS id, 'Drive ' || (40 + i) AS name, '2026-08-01 12:00:00.000000' AS created_at,
        '2026-08-01 12:00:00.000000' AS updated_at
    FROM range({_DRIVES}) AS r(i)"""

_ACTION_BUILDER_ACTIONS = f"""
    SELECT
        (40 + i) * 100 + j AS id, 40 + i AS campaign_id, kind || ' ' || (40 + i) AS name, kind AS action_type,
        '2026-08-01 12:00:00.000000' AS created_at, '2026-08-01 12:00:00.000000' AS updated_at
    FROM range({_DRIVES}) AS r(i)
    CROSS JOIN (VALUES (0, 'canvass'), (1, 'phone_bank'), (2, 'text_bank')) AS kinds (j, kind)"""

_ACTION_BUILDER_ATTEMPTS = f"""
    WITH said AS (
        SELECT
            *, 41000 + person AS entity, (40 + campaign) * 100 + task AS action,
            strftime(moment, '%Y-%m-%d %H:%M:%S.%f') AS created
        FROM (SELECT *, {_roll("task", "person", "k", sides=3)} AS task FROM tries)
    )
    SELECT
        500000 + number AS id, entity AS entity_id, entity * 10 + task AS action_entity_id, action AS action_id,
        40 + campaign AS campaign_id,
        CASE task WHEN 0 THEN 'Address' ELSE 'PhoneNumber' END AS contact_info_type,
        entity * 10 + CASE task WHEN 0 THEN 0 ELSE 4 END AS contact_info_id,
        -- Below 18 the roll ends the tries, for somebody was reached or never will be.
        CASE WHEN roll < 14 THEN 0 WHEN roll < 16 THEN 2 WHEN roll < 18 THEN 4 WHEN roll < 24 THEN 3 ELSE 1 END
            AS disposition,
        900 + (campaign + {_roll("creator", "number", sides=4)}) % 20 AS created_by_id,
        created AS created_at, created AS updated_at, 'Action' AS target_type, action AS target_id,
        CASE WHEN roll % 9 = 0 THEN 'Not in before six' END AS note
    FROM said"""


_CREATED = "'2026-08-01 12:00:00.000000'"
_ACTION_BUILDER_LISTS = {
    "entities": f"""
        SELECT
            41000 + person AS id, first_name, last_name, {_CREATED} AS created_at, {_CREATED} AS updated_at
        FROM ({_PEOPLE})""",
    "phone_numbers": f"""
        SELECT
            (41000 + person) * 10 + 4 AS id, '(' || number[3:5] || ') ' || number[6:8] || '-' || number[9:12] AS number,
            'mobile' AS number_type, CASE WHEN mark < 2 THEN 'do_not_contact' ELSE 'verified' END AS status,
            41000 + person AS owner_id, 'Entity' AS owner_type, {_CREATED} AS created_at,
            strftime(last, '%Y-%m-%d %H:%M:%S.%f') AS updated_at
        FROM ({_PEOPLE})""",
    "emails": f"""
        SELECT
            (41000 + person) * 10 + 5 AS id, email, 'verified' AS status, 41000 + person AS owner_id,
            'Entity' AS owner_type, {_CREATED} AS created_at, {_CREATED} AS updated_at
        FROM ({_PEOPLE})
        WHERE mark % 2 = 0""",
    "addresses": f"""
        SELECT
            (41000 + person) * 10 AS id, (1 + person % 99) || ' Hill Lane' AS street_address, 'NY' AS state, 'US' AS country,
            'America/New_York' AS timezone, 'verified' AS status, 41000 + person AS owner_id, 'Entity' AS owner_type,
            {_CREATED} AS created_at, {_CREATED} AS updated_at
        FROM ({_PEOPLE})""",
    "users": """
        SELECT 900 + i AS id, 'User' AS first_name, 'Number ' || i AS last_name
        FROM range(20) AS r(i)""",
}


def _communications(contacts: int) -> int:
    """How many communications that many contacts have."""
    each = [3 + drip % 4 for drip in range(_DRIPS)]
    return contacts // _DRIPS * sum(each) + sum(each[: contacts % _DRIPS])


def _liondesk_steps(contacts: int) -> str:
    """One row a communication: number of the contact (from 1), campaign, step, when it is due, and what became of it.

    Contacts join one after the other. The log ends when the last has joined, so some communications are yet to come.
    """
    return f"""
        WITH planned AS (
            SELECT
                i + 1 AS number, i % {_DRIPS} AS campaign, k,
                {_BEGIN} + to_microseconds(CAST(i * ({_DAYS} * 86400000000.0 / {contacts}) AS BIGINT)) AS joined
            FROM range({contacts}) AS r(i) CROSS JOIN range(6) AS t(k)
            WHERE k < 3 + i % {_DRIPS} % 4
        ),
        due AS (
            SELECT
                *, date_trunc('second', joined) + to_days(CAST(k * (2 + campaign % 5) AS INTEGER)) AS send_at,
                k % 3 = 2 AS is_call, {_roll("fate", "number", "k")} AS fate
            FROM planned
        ),
        fated AS (
            SELECT
                *, fate >= CASE WHEN is_call THEN 25 ELSE 90 END AND fate < CASE WHEN is_call THEN 75 ELSE 94 END AS by_hand,
                CASE
                    WHEN fate < CASE WHEN is_call THEN 25 ELSE 90 END THEN
                        send_at + to_milliseconds({_roll("sent", "number", "k", sides=90_000)})
                    WHEN fate < CASE WHEN is_call THEN 75 ELSE 94 END THEN
                        send_at + to_milliseconds({_roll("ticked off", "number", "k", sides=3 * 86_400_000)})
                END AS done_at
            FROM due
        )
        SELECT *, CASE WHEN done_at <= {_BEGIN} + to_days({_DAYS}) THEN done_at END AS completed_at
        FROM fated"""


_LIONDESK_LISTS = {
    "contacts": f"""
        SELECT
            100 + person AS id, {_FIRST} AS first_name, {_LAST} AS last_name,
            'c' || person || '@example.com' AS email, {number("person", "1", "0")} AS mobile_phone,
            CASE WHEN {_roll("mark", "person")} < 2 THEN ['Do Not Call'] ELSE [] END AS tags,
            '2026-08-01T12:00:00.000Z' AS created_at, '2026-08-01T12:00:00.000Z' AS modified_at
        FROM (SELECT DISTINCT number AS person FROM steps) AS people
        ORDER BY person""",
}

_LIONDESK_PAGES = """
    SELECT
        100 + number AS contact_id,
        {{
            'total': count(*), 'limit': 10, 'skip': 0,
            'data': list({{
                'campaign_name': 'Drip ' || campaign,
                'type': CASE k % 3 WHEN 0 THEN 'Email Contact' WHEN 1 THEN 'Text Contact' ELSE 'Call Contact' END,
                'is_stopped_on_text_reply': k % 3 = 1,
                'template_subject': 'Subject ' || k,
                'template_name': 'Template ' || k,
                'template_folder_name': 'Folder ' || campaign % 5,
                'is_active': completed_at IS NULL,
                'send_at': strftime(send_at, '%Y-%m-%dT%H:%M:%S.%gZ'),
                'completed_at': strftime(completed_at, '%Y-%m-%dT%H:%M:%S.%gZ'),
                'send_from_user_id': 3 + campaign % 8,
                'completing_user_id': CASE WHEN by_hand AND completed_at IS NOT NULL THEN 3 + (campaign + k) % 8 END
            }} ORDER BY k)
        }} AS response
    FROM steps
    WHERE {wanted}
    GROUP BY number
    ORDER BY number"""
