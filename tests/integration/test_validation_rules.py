"""Each rule passes on a sound ledger and is broken by a row that breaks it, and by no other kind of row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.models.sql_files import load_models
from pipelines.settings import ROOT
from pipelines.sources import RESOURCES
from pipelines.validation import Rule, load_rules
from pipelines.validation.drift import DRIFT_RULES
from pipelines.validation.engine import evaluate
from pipelines.validation.rule import Finding
from pipelines.validation.rules.vocabulary import DISPOSITIONS
from tests.sql.logs import with_rules
from tests.support import build, ledger

MODELS = load_models()
U = "00000000-0000-4000-8000-0000000000{:02d}".format
CAMPAIGN, OUTPLAN, OUTDIAL = U(1), U(2), U(3)
TRIED, REACHED, UNTOUCHED = U(11), U(12), U(13)
DESTINATIONS = {
    "destination_0": {"type": "tel", "target": "+12025550100", "target_name": "", "name": "", "detail": ""},
    "destination_1": {"type": "tel", "target": "+12025550101", "target_name": "", "name": "", "detail": ""},
}


def call(number: int, target: str, *, ok: bool, attempt: int = 1, second: int = 0) -> dict[str, object]:
    """A call at destination 0, minute `number` of the hour, over 20 seconds after the minute."""
    return {
        "id": U(20 + number),
        "campaign_id": CAMPAIGN,
        "outplan_id": OUTPLAN,
        "outdial_id": OUTDIAL,
        "outdial_target_id": target,
        "status": "done",
        "result": "success" if ok else "fail",
        "destination": DESTINATIONS["destination_0"],
        "destination_index": 0,
        "try_count": attempt,
        "tm_create": f"2026-03-02 10:{number:02}:{second:02}",
        "tm_update": f"2026-03-02 10:{number:02}:20",
    }


def target(identity: str, status: str, tries: int) -> dict[str, object]:
    return {
        "id": identity,
        "outdial_id": OUTDIAL,
        "status": status,
        **DESTINATIONS,
        **{f"try_count_{index}": 0 for index in range(1, 5)},
        "try_count_0": tries,
        "tm_create": "2026-03-01 00:00:00",
        "tm_update": "2026-03-02 10:30:00",
    }


ROWS: dict[str, list[dict[str, object]]] = {
    "voipbin_campaigncalls": [
        call(1, TRIED, ok=False),
        call(
            2, TRIED, ok=False, attempt=2, second=19
        ),  # a second too soon, which the clocks' tolerance excuses
        call(3, REACHED, ok=True) | {"reference_id": U(33)},
    ],
    "voipbin_calls": [
        {
            "id": U(33),
            "status": "hangup",
            "tm_create": "2026-03-02 10:00:00",
            "tm_progressing": "2026-03-02 10:00:05",
        }
    ],
    "voipbin_queuecalls": [
        {
            "id": U(44),
            "reference_type": "call",
            "reference_id": U(33),
            "status": "abandoned",
            "duration_waiting": 4000,
        }
    ],
    "voipbin_outdialtargets": [
        target(TRIED, "idle", 2),
        target(REACHED, "done", 1),
        target(UNTOUCHED, "idle", 0),
    ],
    "voipbin_outplans": [
        {
            "id": OUTPLAN,
            "try_interval": 60_000,
            "dial_timeout": 30_000,
            **{f"max_try_count_{index}": 2 for index in range(5)},
            "tm_create": "2026-01-01 00:00:00",
            "tm_update": "2026-01-01 00:00:00",
        }
    ],
    "voipbin_campaigns": [
        {
            "id": CAMPAIGN,
            "name": "Spring",
            "status": "run",
            "end_handle": "stop",
            "outplan_id": OUTPLAN,
            "outdial_id": OUTDIAL,
            "tm_create": "2026-01-01 00:00:00",
            "tm_update": "2026-01-01 00:00:00",
        }
    ],
    "action_builder_contact_attempts": [
        {"id": 1, "entity_id": 7, "campaign_id": 1, "disposition": 1, "created_at": "2026-03-02 09:00:00"},
        {"id": 2, "entity_id": 7, "campaign_id": 1, "disposition": 0, "created_at": "2026-03-02 09:30:00"},
        {"id": 3, "entity_id": 8, "campaign_id": 1, "disposition": 3, "created_at": "2026-03-02 09:40:00"},
        {"id": 4, "entity_id": 9, "campaign_id": 2, "disposition": 1, "created_at": "2026-03-02 09:50:00"},
    ],
    "action_builder_campaigns": [
        {"id": 1, "name": "Doors", "created_at": "2026-01-01 00:00:00"},
        {"id": 2, "name": "Phones", "created_at": "2026-01-01 00:00:00"},
    ],
    "action_builder_actions": [
        {"id": 1, "campaign_id": 1, "name": "Walk", "created_at": "2026-01-01 00:00:00"}
    ],
    "outreach_calls": [
        {
            "id": 1,
            "direction": "outbound",
            "dialed_at": "2026-03-02 08:00:00",
            "prospect_id": 5,
            "sequence_id": 1,
            "to": "+12025550100",
            "call_disposition_id": 6,
        }
    ],
    "outreach_phone_numbers": [{"id": 1, "number": "+12025550100", "prospect_id": 5}],
    "outreach_email_addresses": [{"id": 1, "email": "ann@example.org", "prospect_id": 5}],
    "outreach_users": [{"id": 1, "first_name": "Uma"}],
    "action_builder_entities": [{"id": 7, "first_name": "Eve"}],
    "action_builder_emails": [{"id": 1, "email": "eve@example.org", "owner_id": 7, "owner_type": "Entity"}],
    "action_builder_addresses": [{"id": 1, "city": "Reno", "owner_id": 7, "owner_type": "Entity"}],
    "action_builder_users": [{"id": 1, "first_name": "Uri"}],
    # Prospect 5 opted out before all calls. It is surely contact 76, and likely the dialer's nameless targets.
    "outreach_prospects": [
        {
            "id": 5,
            "first_name": "Ann",
            "mobile_phones": ["+12025550100"],
            "emails": ["ann@example.org"],
            "call_opted_out": True,
            "calls_opt_status": "opted_out",
            "calls_opted_at": "2026-02-01 00:00:00",
            "created_at": "2026-01-01 00:00:00",
            "updated_at": "2026-02-01 00:00:00",
        }
    ],
    "liondesk_contacts": [{"id": 76, "first_name": "Ann", "email": "Ann@example.org"}],
    "action_builder_phone_numbers": [
        {
            "id": 70 + owner,
            "number": f"202 555 01{owner:02}",
            "status": "verified",
            "owner_id": owner,
            "owner_type": "Entity",
            "created_at": "2026-01-01 00:00:00",
            "updated_at": "2026-01-01 00:00:00",
        }
        for owner in (7, 8, 9)
    ],
    "house_people": [
        {"source": "action_builder", "target_id": "7", "person": "Office"},
        {"source": "action_builder", "target_id": "8", "person": "Office"},
        {"source": "action_builder", "target_id": "9", "person": "Neighbour"},
    ],
    "house_suppressions": [{"kind": "phone", "value": "+12025550101", "since": "2026-01-01 00:00:00"}],
    "outreach_call_dispositions": [{"id": 6, "name": "No Answer", "outcome": "no_answer"}],
    "outreach_sequences": [{"id": 1, "name": "Warm leads"}],
    "liondesk_contact_communications": [
        {
            "communication_key": "1",
            "id": 1,
            "contact_id": 76,
            "campaign_name": "Welcome",
            "type": "Email Contact",
            "is_active": True,
            "send_at": "2026-02-01 12:00:00",
        }
    ],
}

COMPARED = (
    "SELECT 'outreach' AS source, 'all' AS campaign_key, 'campaigns' AS family, 'outreach:1' AS side, 'outreach:2' AS other, "
    "5 AS reached, {tried} AS tried, 0.5 AS rate, 4 AS other_reached, 10 AS other_tried, 0.4 AS other_rate, "
    "0.1 AS difference, -0.3 AS low, 0.5 AS high, 0.5 AS p, 0.5 AS p_holm, 1 AS comparisons, {is_clear} AS is_clear, "
    "FALSE AS is_thin"
)
"""A comparison that is sound in itself, if 10 were tried and it is not clear; of campaigns that nobody knows."""

DISTURBANCES: dict[str, dict[str, str]] = {
    "raw.voipbin_outdialtargets": {
        "numbers_lie_in_range": "UPDATE {table} SET try_count_3 = -1",
    },
    "raw.voipbin_campaigncalls": {
        "numbers_lie_in_range": "UPDATE {table} SET destination_index = 5",
        "outplans_are_loaded": "DELETE FROM raw.voipbin_outplans",
    },
    "raw.outreach_calls": {
        "dispositions_are_loaded": "DELETE FROM raw.outreach_call_dispositions",
        "calls_name_their_organization": "INSERT INTO {table} BY NAME SELECT * REPLACE ('7' AS o_id) FROM {table}",
    },
    "core.as_of": {
        "one_moment_is_set": "DELETE FROM {table}",
    },
    "core.observed": {
        "every_source_has_its_moment": "UPDATE {table} SET observed_until = observed_until + INTERVAL 1 YEAR",
    },
    "core.dispositions": {
        "every_mapped_disposition_exists": (
            "INSERT INTO landing.dispositions BY NAME SELECT 'outreach' AS source, 'state' AS field, "
            "'x' AS value, 'talked' AS disposition"
        ),
    },
    "core.attempts": {
        "essentials_are_filled": "UPDATE {table} SET target_key = NULL",
        "keys_name_their_source": "UPDATE {table} SET campaign_key = 'outreach:1'",
        "disposition_says_what_counts": (
            "UPDATE {table} SET is_contact = TRUE WHERE disposition = 'no_contact'"
        ),
        "every_record_becomes_one_attempt": "DELETE FROM {table} WHERE source = 'outreach'",
        "attempt_numbers_have_no_gaps": "UPDATE {table} SET attempt_number = 3 WHERE attempt_number = 2",
        "one_row_stands_for_each_target": "UPDATE {table} SET is_latest = TRUE",
        "no_attempt_lies_in_the_future": (
            "UPDATE {table} SET attempted_at = TIMESTAMP '2099-01-01' WHERE source = 'voipbin'"
        ),
        "attempts_have_a_time": "UPDATE {table} SET attempted_at = NULL",
        "unknown_share_is_low": "UPDATE {table} SET disposition = 'unknown' WHERE source = 'outreach'",
    },
    "core.campaigns": {
        "campaigns_are_listed": "UPDATE {table} SET is_listed = FALSE",
        "purposes_name_campaigns": "UPDATE landing.purposes SET campaign = campaign || 'x'",
    },
    "core.contact_rules": {
        "rules_are_well_formed": "UPDATE {table} SET cap = 0 WHERE rule = 'house_day'",
        "one_version_is_in_force": (
            "INSERT INTO {table} BY NAME SELECT * REPLACE (DATE '2026-01-01' AS in_force_from) "
            "FROM {table} WHERE rule = 'house_day'"
        ),
    },
    "core.contact_points": {
        "point_keys_have_their_normal_form": "UPDATE {table} SET point_key = 'phone:(202) 555-0100' WHERE kind = 'phone'",
        "zones_have_a_basis": "UPDATE {table} SET zones = NULL WHERE zone_basis = 'area_code'",
        "shared_points_are_counted": "UPDATE {table} SET targets_at_point = 1, is_shared = FALSE",
    },
    "core.attempt_points": {
        "every_attempt_has_one_row": "DELETE FROM {table} WHERE attempt_key LIKE 'outreach:%'",
        "points_are_known": "DELETE FROM core.contact_points WHERE target_key = 'outreach:5'",
        "a_campaign_has_one_purpose_at_a_time": (
            "INSERT INTO core._purposes BY NAME SELECT * REPLACE (TIMESTAMP '2026-01-01' AS since) FROM core._purposes"
        ),
    },
    "core.person_targets": {
        "strength_follows_the_basis": "UPDATE {table} SET strength = 'sure' WHERE basis = 'phone'",
        "every_target_is_one_person": "DELETE FROM {table} WHERE target_key = 'liondesk:76'",
        "surely_one_is_one_person": "UPDATE {table} SET person_key = 'person:x' WHERE target_key = 'outreach:5'",
        "crosswalk_wins": "UPDATE {table} SET person_key = 'person:house:Office' WHERE basis = 'crosswalk'",
        "no_link_leads_out_of_a_person": (
            "UPDATE {table} SET person_key = 'person:x', is_ambiguous = TRUE WHERE target_key = 'outreach:5'"
        ),
    },
    "core.people": {
        "people_partition_the_targets": "UPDATE {table} SET targets = targets + 1",
        "attempts_add_up": "UPDATE {table} SET attempts = attempts + 1",
        "counts_are_in_order": "UPDATE {table} SET most_in_7d = 0",
    },
    "core.restrictions": {
        "marks_are_on_somebody": "UPDATE {table} SET point_key = NULL, target_key = NULL",
        "marks_end_after_they_begin": "UPDATE {table} SET until = since - INTERVAL 1 DAY",
        "every_refusal_is_a_mark": "UPDATE core.attempts SET disposition = 'bad_contact_info' WHERE source = 'outreach'",
    },
    "compliance.breaches": {
        "attempts_exist": "UPDATE core.attempts SET direction = 'inbound'",
        "people_are_those_of_the_targets": "UPDATE {table} SET person_key = 'person:x'",
        "rules_are_in_force": "UPDATE core.contact_rules SET enabled = FALSE WHERE rule = 'house_day'",
        "reasons_fit_their_verdict": "UPDATE {table} SET reason = 'over_cap', verdict = 'tolerated' WHERE rule = 'house_day'",
        "rows_say_what_they_rest_on": "UPDATE {table} SET count_in_period = 1 WHERE rule = 'house_day'",
        "counted_attempts_exist": "UPDATE {table} SET other_attempts = ['voipbin:none'] WHERE rule = 'house_day'",
        "marks_exist": "UPDATE core.restrictions SET since = TIMESTAMP '2026-11-20'",
    },
    "reports.contact_rule_audit": {
        "verdicts_add_up": "UPDATE {table} SET judged = judged + 1",
        "verdicts_are_the_breaches": "DELETE FROM compliance.breaches WHERE verdict = 'unverifiable'",
        "every_attempt_is_asked": "DELETE FROM {table} WHERE rule = 'house_week'",
    },
    "reports.contact_rule_counts": {
        "counts_equal_the_audit": "UPDATE {table} SET breaches = breaches + 1, judged = judged + 1",
    },
    "reports.undeclared_purposes": {
        "every_undeclared_campaign_is_named": "DELETE FROM {table} WHERE source = 'voipbin'",
    },
    "reports.contact_pressure": {
        "everybody_stands_once_in_a_period": "UPDATE {table} SET people = people + 1, share = 0.1 WHERE period = '30d'",
        "people_are_those_of_the_people": "UPDATE {table} SET attempts = attempts + 1",
    },
    "reports.system_overlap": {
        "both_orders_count_alike": "UPDATE {table} SET people_in_both = 9 WHERE first_source = 'outreach'",
        "people_are_those_of_the_sources": (
            "UPDATE {table} SET people_in_both = people_in_both + 1 WHERE first_source <> second_source"
        ),
    },
    "reports.people_reached": {
        "all_counts_people_once": "UPDATE {table} SET people = (SELECT sum(people) FROM {table}) WHERE source = 'all'",
        "rates_are_their_counts": "UPDATE {table} SET people_contacted = people_attempted + 1",
    },
    "reports.best_time": {
        "one_clock_is_the_default": "UPDATE {table} SET is_default = TRUE",
    },
    "reports.contact_trace": {
        "every_attempt_is_traced_once": "UPDATE {table} SET person_key = 'person:x'",
        "marks_and_people_exist": "DELETE FROM core.restrictions",
        "marks_of_targets_are_traced": "DELETE FROM {table} WHERE event = 'mark'",
        "rules_broken_are_the_breaches": "UPDATE {table} SET rules_broken = NULL",
    },
    "reports.call_next": {
        "times_are_in_order": "UPDATE {table} SET callable_from = as_of - INTERVAL 1 HOUR",
        "targets_are_open": "UPDATE {table} SET person_key = 'person:x'",
        "others_reached_the_person": "UPDATE {table} SET held_back_by = 'exhausted'",
    },
    "replay.transitions": {
        "every_transition_follows_the_last": (
            "UPDATE {table} SET from_status = 'progressing' WHERE sequence = 1"
        ),
        "transitions_are_legal": "UPDATE {table} SET to_status = 'idle' WHERE event = 'dial'",
        "last_transition_agrees_with_outcome": "DELETE FROM {table} WHERE sequence = 2",
        "tries_used_agree_with_outcome": "UPDATE {table} SET tries_used = 2",
    },
    "replay.target_outcomes": {
        "status_follows_the_outcome": "UPDATE {table} SET status = 'done' WHERE outcome = 'untouched'",
        "next_try_follows_the_outcome": (
            "UPDATE {table} SET next_destination_index = 0 WHERE outcome = 'reached'"
        ),
        "every_call_is_replayed": "UPDATE {table} SET attempts = attempts + 1",
        "every_target_has_an_outcome": "DELETE FROM {table} WHERE outcome = 'untouched'",
        "violations_are_all_counted": "UPDATE {table} SET violations = 1",
        "no_call_is_stuck": "UPDATE {table} SET outcome = 'stuck'",
        "platform_agrees": "UPDATE {table} SET tries_agreement = 'impossible'",
    },
    "replay.violations": {
        "no_orphan_calls": (
            "INSERT INTO {table} BY NAME SELECT CAST('{stranger}' AS UUID) AS campaigncall_id, "
            "'orphan_call' AS code, 'illegal' AS verdict"
        ),
        "illegal_share_is_low": (
            "INSERT INTO {table} BY NAME SELECT CAST('{stranger}' AS UUID) AS campaigncall_id, "
            "'dial_after_done' AS code, 'illegal' AS verdict"
        ),
    },
    "reports.campaign_contact_rates": {
        "rates_are_their_counts": "UPDATE {table} SET contact_rate_per_target = 0.123",
        "contacts_do_not_exceed_attempts": "UPDATE {table} SET contacts = attempts + 1",
        "counts_equal_the_attempts": "DELETE FROM {table} WHERE source = 'voipbin'",
    },
    "reports.campaign_dispositions": {
        "shares_sum_to_one": "UPDATE {table} SET share_of_targets = 0.5 * share_of_targets",
        "counts_equal_the_attempts": "UPDATE {table} SET attempts = attempts + 1",
    },
    "reports.campaign_outcomes": {
        "shares_sum_to_one": "UPDATE {table} SET share = NULL",
        "targets_equal_the_replay": "DELETE FROM {table} WHERE outcome = 'untouched'",
    },
    "reports.attempt_curve": {
        "hazards_are_their_counts": "UPDATE {table} SET contacts = at_risk + 1",
        "incidence_never_falls": (
            "UPDATE {table} SET cumulative_incidence = 0 WHERE attempt_number = 2;UPDATE {table} SET "
            "cumulative_incidence = 0.5 WHERE attempt_number = 1"
        ),
    },
    "reports.disposition_matrix": {
        "shares_sum_to_one": "UPDATE {table} SET share_of_attempts = 2",
    },
    "reports.contact_rates_by": {
        "totals_equal_the_campaigns": "UPDATE {table} SET contacts = contacts + 1 WHERE dimension = 'total'",
    },
    "reports.comparisons": {
        "sides_equal_the_rates": f"INSERT INTO {{table}} BY NAME {COMPARED.format(tried=11, is_clear='FALSE')}",
        "every_campaign_is_compared": f"INSERT INTO {{table}} BY NAME {COMPARED.format(tried=10, is_clear='FALSE')}",
        "differences_are_their_rates": f"INSERT INTO {{table}} BY NAME {COMPARED.format(tried=11, is_clear='FALSE')}",
        "clear_is_more_than_chance": f"INSERT INTO {{table}} BY NAME {COMPARED.format(tried=10, is_clear='TRUE')}",
    },
    "reports.inventory": {
        "outcomes_sum_to_targets": "UPDATE {table} SET reached = reached + 1",
        "targets_are_those_of_the_contact_rates": "UPDATE {table} SET attempts = attempts + 1",
    },
    "reports.retry_what_if": {
        "uncapped_equals_the_log": "UPDATE {table} SET attempts = attempts + 1",
    },
    "reports.aapor_classes": {
        "classes_sum_to_targets": "UPDATE {table} SET uo = uo + 1",
    },
    "reports.aapor_rates": {
        "aapor_identities_hold": "UPDATE {table} SET value = 0.9 WHERE rate = 'rr1'",
    },
    "reports.aapor_coverage": {
        "sources_with_classes_are_covered": "DELETE FROM {table} WHERE source = 'outreach'",
    },
    "reports.violation_counts": {
        "calls_equal_the_violations": "UPDATE {table} SET calls = calls + 1",
    },
    "reports.agreement_counts": {
        "targets_equal_the_replay": "DELETE FROM {table} WHERE compared = 'tries'",
        "shares_sum_to_one": "UPDATE {table} SET share = NULL",
    },
    "reports.campaign_standing": {
        "shares_are_their_counts": "UPDATE {table} SET difference = 0.01",
    },
    "reports.headline_sources": {
        "counts_equal_the_attempts": "DELETE FROM {table} WHERE source = 'outreach'",
    },
    "reports.headline": {
        "counts_equal_the_attempts": "INSERT INTO {table} FROM {table}",
        "sums_equal_the_sources": "UPDATE {table} SET targets_open = targets_open + 1",
        "rate_is_its_counts": "UPDATE {table} SET contact_rate_per_target = NULL",
        "others_are_open_or_closed": "UPDATE {table} SET targets_closed = targets_closed + 1",
        "unknown_ends_equal_the_attempts": "UPDATE {table} SET targets_unknown = targets_unknown + 1",
        "rows_equal_the_accounting": "UPDATE {table} SET rows_rejected = rows_rejected + 1",
    },
    "quality.notices": {
        name: f"INSERT INTO {{table}} BY NAME SELECT 'outreach' AS source, '{code}' AS code, 2 AS rows"
        for name, code in (
            ("values_are_known", "unknown_value"),
            ("side_matters_are_read", "left_out"),
            ("states_are_consistent", "inconsistent"),
            ("no_page_is_missing", "page_total"),
            ("no_pull_has_stopped", "round_page"),
            ("loaders_keep_values", "loader_changed"),
            ("every_file_is_read", "not_read"),
        )
    },
    "quality.row_accounting": {
        "accounting_law_holds": "UPDATE {table} SET rows_rejected = NULL",
        "accepted_rows_equal_the_table": "DELETE FROM {table} WHERE resource = 'calls'",
        "rejected_rows_are_listed": "UPDATE {table} SET rows_rejected = 1",
        "rejected_share_is_low": "UPDATE {table} SET rows_rejected = rows_in_file",
        "some_row_is_taken": "UPDATE landing.files SET rows_accepted = 0, rows_superseded = 0",
    },
}
"""What breaks a rule of a table: a statement on the sound ledger. `stranger` is a call that nobody made."""

FIGURES = "rates_lie_between_0_and_1"
DERIVED = {rule for rule in load_rules() if rule.name == FIGURES or "_is_unique" in rule.name}
OWN_WORDS = [
    rule
    for rule in load_rules()
    if rule.query is not None and rule not in DERIVED and rule not in DRIFT_RULES
]


@pytest.fixture(scope="module")
def sound() -> Iterator[duckdb.DuckDBPyConnection]:
    con = ledger(ROWS)
    mapping = con.sql(f"FROM read_csv('{ROOT / 'data' / 'dispositions.csv'}', all_varchar = true)").columns
    columns = [row[0] for row in con.sql("DESCRIBE landing.dispositions").fetchall() if row[0] in mapping]
    con.execute(
        f"INSERT INTO landing.dispositions ({', '.join(columns)}) SELECT {', '.join(columns)} "
        f"FROM read_csv('{ROOT / 'data' / 'dispositions.csv'}', all_varchar = true)"
    )
    for number, (table, rows) in enumerate(ROWS.items(), 1):
        source = next(
            name
            for name in ("action_builder", "voipbin", "outreach", "liondesk", "house")
            if table.startswith(name)
        )
        con.execute(
            "INSERT INTO landing.files BY NAME SELECT $1 AS file_id, $2 AS source, $3 AS resource, $4 AS file, "
            "$5 AS rows_read, $5 AS rows_accepted, 0 AS rows_superseded, 0 AS rows_rejected",
            [number, source, table.removeprefix(f"{source}_"), f"{table}.jsonl", len(rows)],
        )
    with_rules(
        con,
        purposes=[{"source": "outreach", "campaign": "%", "purpose": "survey"}],
        rules=[{"rule": "house_day", "cap": "1"}],
    )
    con.execute(
        "INSERT INTO landing.runs BY NAME SELECT 1 AS number, '1' AS run_id, DATE '2026-03-01' AS day, TRUE AS published"
    )
    con.execute(
        "INSERT INTO landing.daily_figures BY NAME SELECT 1 AS number, 'outreach' AS source, 'outreach:1' AS campaign_key, "
        "'One' AS campaign_name, 2 AS targets, 2 AS targets_attempted, 1 AS targets_contacted, 4 AS attempts, "
        "1 AS contacts, 0.25 AS contact_rate_per_attempt, 0.2 AS contact_rate_per_attempt_low, "
        "0.3 AS contact_rate_per_attempt_high, 0.5 AS contact_rate_per_target, 0.4 AS contact_rate_per_target_low, "
        "0.6 AS contact_rate_per_target_high"
    )
    build(con)
    yield con
    con.close()


def disturbed(con: duckdb.DuckDBPyConnection, statement: str, rule: Rule) -> Finding:
    """What the rule finds after the statement; the tables it looks at are put back."""
    con.execute("CREATE SCHEMA kept")
    kept: list[str] = []
    try:
        for table in sorted(rule.reads):
            con.execute(f"CREATE TABLE kept.t{len(kept)} AS FROM {table}")
            kept.append(table)
            # What an enumeration refuses could still come from a table of before.
            for column in MODELS[table].words if table in MODELS else ():
                con.execute(f"ALTER TABLE {table} ALTER {column} TYPE VARCHAR")
        con.execute(statement)
        (finding,) = evaluate(con, [rule])
    finally:
        for number, table in enumerate(kept):
            if table in MODELS and MODELS[table].words:
                con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM kept.t{number}")
                continue
            con.execute(f"DELETE FROM {table}")
            con.execute(f"INSERT INTO {table} FROM kept.t{number}")
        con.execute("DROP SCHEMA kept CASCADE")
    return finding


def test_every_rule_holds_on_a_sound_ledger(sound: duckdb.DuckDBPyConnection) -> None:
    broken = [
        (f.rule.table, f.rule.name, f.error, f.sample) for f in evaluate(sound, load_rules()) if not f.passed
    ]
    assert broken == []


def test_every_rule_holds_where_there_is_no_data() -> None:
    con = ledger()
    build(con)
    broken = [
        (f.rule.table, f.rule.name, f.error, f.sample) for f in evaluate(con, load_rules()) if not f.passed
    ]
    con.close()
    assert broken == []


@pytest.mark.parametrize("rule", OWN_WORDS, ids=lambda rule: f"{rule.table}-{rule.name}")
def test_a_broken_rule_is_found(sound: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    statement = DISTURBANCES[rule.table][rule.name].format(table=rule.table, stranger=U(99))
    finding = disturbed(sound, statement, rule)
    assert finding.error is None
    assert not finding.passed
    assert finding.offending
    assert 1 <= len(finding.sample) <= min(10, finding.offending)


@pytest.mark.parametrize(("high", "holds"), [(5_958_259.999999999, True), (5_958_259.99, False)])
def test_a_count_in_millions_may_be_off_by_its_rounding(
    sound: duckdb.DuckDBPyConnection, high: float, holds: bool
) -> None:
    rule = next(rule for rule in DERIVED if (rule.table, rule.name) == ("reports.retry_what_if", FIGURES))
    statement = (
        "UPDATE reports.retry_what_if SET attempts = 5958260.000000001, attempts_low = 5958260.0, "
        f"attempts_high = {high}, attempts_predicted_low = 5958260, attempts_predicted_high = 5958261, "
        "extra_attempts = 1"
    )
    assert disturbed(sound, statement, rule).passed is holds


KEYS = [rule for rule in load_rules() if "_is_unique" in rule.name]


@pytest.mark.parametrize("rule", KEYS, ids=lambda rule: rule.table)
def test_a_row_twice_breaks_its_key(sound: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    (rows,) = sound.sql(f"SELECT count(*) FROM {rule.table}").fetchall()[0]
    assert rows, "the sound ledger has no row here, so nothing would be shown"
    finding = disturbed(sound, f"INSERT INTO {rule.table} FROM {rule.table}", rule)
    assert (finding.error, finding.passed, finding.offending) == (None, False, rows)
    assert all(row["rows"] == 2 for row in finding.sample)


RATES = [rule for rule in load_rules() if rule.name == "rates_lie_between_0_and_1"]


@pytest.mark.parametrize("rule", RATES, ids=lambda rule: rule.table)
def test_a_rate_beyond_1_or_its_interval_is_found(sound: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    columns = MODELS[rule.table].columns
    shares = [name for name, marks in MODELS[rule.table].marks.items() if "share" in marks]
    held = [name for name in columns if f"{name}_low" in columns]
    assert shares
    (rows,) = sound.sql(f"SELECT count(*) FROM {rule.table}").fetchall()[0]
    assert rows, "the sound ledger has no row here, so nothing would be shown"
    for name in shares:
        for value in ("1.5", "-0.5", "'NaN'"):
            finding = disturbed(sound, f"UPDATE {rule.table} SET {name} = {value}", rule)
            assert (finding.error, finding.passed, finding.offending) == (None, False, rows)
    for name in held:
        for end, beyond in (("low", 0.9), ("high", 0.1)):
            finding = disturbed(sound, f"UPDATE {rule.table} SET {name} = 0.5, {name}_{end} = {beyond}", rule)
            assert (finding.error, finding.passed, finding.offending) == (None, False, rows)


BUILT_IN = [rule for rule in load_rules() if rule.query is None]


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: f"{rule.table}-{rule.name}")
def test_a_strange_or_missing_value_is_found(sound: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    (rows,) = sound.sql(f"SELECT count(*) FROM {rule.table}").fetchall()[0]
    assert rows, "the sound ledger has no row here, so nothing would be shown"
    column = rule.arguments["column"]
    kind = {row[0]: row[1] for row in sound.sql(f"DESCRIBE {rule.table}").fetchall()}[column]
    strange = (
        "NULL"
        if rule.expectation.endswith("NotBeNull")
        else "99"
        if kind == "INTEGER"
        else "'O''Hara <b>; --'"
    )
    finding = disturbed(sound, f"UPDATE {rule.table} SET {column} = {strange}", rule)
    assert (finding.error, finding.passed, finding.offending, finding.checked) == (None, False, rows, rows)
    assert len(finding.sample) == min(rows, 10)
    assert set(rule.sample_columns) <= set(finding.sample[0])
    assert {row[column] for row in finding.sample} == {
        "NULL": {None},
        "99": {99},
        "'O''Hara <b>; --'": {"O'Hara <b>; --"},
    }[strange]


def test_a_key_may_be_null_where_its_description_says_so(sound: duckdb.DuckDBPyConnection) -> None:
    by_table = {rule.table: rule for rule in KEYS}
    unknown = "UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL"
    outcomes = by_table["reports.campaign_outcomes"]
    assert disturbed(sound, unknown.format(table=outcomes.table, column="campaign_id"), outcomes).passed
    rates = by_table["reports.campaign_contact_rates"]
    assert not disturbed(sound, unknown.format(table=rates.table, column="campaign_key"), rates).passed


def test_null_is_no_strange_value(sound: duckdb.DuckDBPyConnection) -> None:
    (rule,) = (r for r in BUILT_IN if (r.table, r.name) == ("raw.voipbin_campaigncalls", "result_is_known"))
    finding = disturbed(sound, "UPDATE raw.voipbin_campaigncalls SET result = NULL", rule)
    assert (finding.passed, finding.offending, finding.checked) == (True, 0, 3)


def test_rules_are_well_formed() -> None:
    assert max(Counter((rule.table, rule.name) for rule in load_rules()).values()) == 1
    assert {rule.severity for rule in load_rules()} == {"error", "warn"}
    for rule in load_rules():
        assert rule.name.replace("_", "").isalnum()
        assert rule.name == rule.name.lower()
        assert rule.description.endswith(".")
        assert rule.table in rule.reads


def test_rules_show_nothing_personal() -> None:
    for resource in RESOURCES:
        personal = {field.name for field in resource.fields if field.personal}
        for rule in load_rules():
            if rule.table == f"raw.{resource.table}":
                # A column that is null shows nobody.
                shown = None if rule.expectation.endswith("NotBeNull") else rule.arguments.get("column")
                assert not personal & {*rule.sample_columns, shown}


def test_every_disposition_is_in_the_mapping(sound: duckdb.DuckDBPyConnection) -> None:
    mapped = {row[0] for row in sound.sql("SELECT DISTINCT disposition FROM core.dispositions").fetchall()}
    assert mapped <= set(DISPOSITIONS)
