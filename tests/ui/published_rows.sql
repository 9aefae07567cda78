-- Raw rows of all four systems, drawn from a hash so that every run gives the same; see published_file.py.
-- Variables: names (one campaign each, to Action Builder, VoIPBIN, Outreach and LionDesk in turn), targets (at most, in each).
CREATE TEMP TABLE campaigns AS
SELECT c, getvariable('names')[1 + c] AS name, c % 4 AS kind FROM range(len(getvariable('names'))) AS r (c);

CREATE TEMP TABLE people AS
SELECT c, name, kind, t, c * 100000 + t AS id, hash(c, t) AS h, 0.08 + (hash(c, 7) % 100) / 450.0 AS p
FROM campaigns, range(getvariable('targets')) AS r (t)
WHERE t < 2 OR t < getvariable('targets') * (0.2 + (hash(c) % 100) / 125.0);

CREATE TEMP TABLE tries AS
WITH drawn AS (
    SELECT people.*, k, hash(c, t, k) AS g, (hash(c, t, k) % 1000) / 1000.0 < p AS hit
    FROM people, range(1, 6) AS r (k)
    WHERE k <= 1 + h % 5
),
kept AS (
    SELECT *, coalesce(bool_or(hit) OVER (PARTITION BY c, t ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS reached_before
    FROM drawn
)
SELECT *, TIMESTAMP '2026-10-01 08:00:00' + to_minutes((hash(c) % 5000 + (h % 9) * 1440 + (t % 600) + (k - 1) * (1470 + g % 200))::BIGINT)
    + to_seconds((g % 60)::BIGINT) AS made_at
FROM kept WHERE NOT reached_before;

INSERT INTO raw.action_builder_campaigns BY NAME
SELECT c + 11 AS id, name, TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-09-01' AS updated_at FROM campaigns WHERE kind = 0;
INSERT INTO raw.action_builder_contact_attempts BY NAME
SELECT id * 10 + k AS id, id AS entity_id, c + 11 AS campaign_id, 1 AS action_id, 'Address' AS contact_info_type, id AS contact_info_id,
    CASE WHEN hit THEN 0 WHEN g % 13 = 1 THEN 2 WHEN g % 31 = 1 THEN 4 WHEN g % 19 = 2 THEN 3 ELSE 1 END AS disposition,
    3 + g % 7 AS created_by_id, made_at AS created_at, made_at AS updated_at
FROM tries WHERE kind = 0;

INSERT INTO raw.outreach_sequences BY NAME
SELECT c + 11 AS id, name, true AS enabled, TIMESTAMP '2026-09-01' AS created_at FROM campaigns WHERE kind = 2;
INSERT INTO raw.outreach_call_dispositions BY NAME
SELECT * FROM (VALUES (1, 'Answered - Meeting Set', 'completed'), (6, 'No Answer', 'no_answer'), (7, 'Left Voicemail', 'no_answer'), (9, 'Bad Number', 'no_answer')) AS v (id, name, outcome);
-- A third of them stand under the same number and first name on the dialer's lists; some have opted out.
INSERT INTO raw.outreach_prospects BY NAME
SELECT id, 'person' AS first_name, 'N' || t AS last_name, ['(202) 555-0' || (100 + t % 100)] AS mobile_phones,
    CASE WHEN t % 9 = 1 THEN 'opted_out' END AS calls_opt_status, CASE WHEN t % 9 = 1 THEN TIMESTAMP '2026-10-02 12:00:00' END AS calls_opted_at,
    TIMESTAMP '2026-09-01' AS created_at, TIMESTAMP '2026-10-02 12:00:00' AS updated_at
FROM people WHERE kind = 2 AND t % 3 = 1;
INSERT INTO raw.outreach_calls BY NAME
SELECT id * 10 + k AS id, 'outbound' AS direction, id AS prospect_id, CASE WHEN t % 3 = 1 THEN '+12025550' || (100 + t % 100) END AS "to", c + 11 AS sequence_id, 40 + g % 5 AS user_id, made_at AS dialed_at,
    made_at + INTERVAL 2 MINUTE AS completed_at, made_at AS created_at, made_at AS updated_at,
    CASE WHEN hit THEN 1 WHEN g % 17 = 3 THEN NULL WHEN g % 11 = 2 THEN 7 WHEN g % 13 = 1 THEN 9 ELSE 6 END AS call_disposition_id,
    CASE WHEN NOT hit AND g % 17 = 3 THEN 'something else' END AS outcome
FROM tries WHERE kind = 2;

INSERT INTO raw.voipbin_outplans BY NAME
SELECT md5('plan' || c)::UUID AS id, 'plan' AS name, 30000 AS dial_timeout, 3600000 AS try_interval, 2 AS max_try_count_0, 2 AS max_try_count_1,
    0 AS max_try_count_2, 0 AS max_try_count_3, 0 AS max_try_count_4, TIMESTAMP '2026-09-01' AS tm_create, TIMESTAMP '2026-09-01' AS tm_update
FROM campaigns WHERE kind = 1;
INSERT INTO raw.voipbin_campaigns BY NAME
SELECT md5('campaign' || c)::UUID AS id, name, CASE WHEN hash(c) % 3 = 0 THEN 'stop' ELSE 'run' END AS status, 'continue' AS end_handle,
    md5('plan' || c)::UUID AS outplan_id, md5('outdial' || c)::UUID AS outdial_id, TIMESTAMP '2026-09-01' AS tm_create
FROM campaigns WHERE kind = 1;
INSERT INTO raw.voipbin_outdialtargets BY NAME
WITH calls AS (SELECT id, least(count(*), 2) AS tries_0, greatest(count(*) - 2, 0) AS tries_1, max(made_at) AS last_at, bool_or(hit) AS hit FROM tries GROUP BY id),
listed AS (SELECT c, t, id FROM people WHERE kind = 1 UNION ALL SELECT c, 90000 + x, c * 100000 + 90000 + x FROM campaigns, range(12) AS r (x) WHERE kind = 1)
SELECT md5('target' || listed.id)::UUID AS id, md5('outdial' || c)::UUID AS outdial_id, 'person ' || t AS name,
    CASE WHEN hit THEN 'done' WHEN listed.id % 37 = 0 THEN 'progressing' ELSE 'idle' END AS status,
    {'type': 'tel', 'target': '+12025550' || (100 + t % 100), 'target_name': '', 'name': '', 'detail': ''} AS destination_0,
    {'type': 'tel', 'target': '+13035550' || (100 + t % 100), 'target_name': '', 'name': '', 'detail': ''} AS destination_1,
    coalesce(tries_0, 0) AS try_count_0, coalesce(tries_1, 0) + (listed.id % 41 = 0)::INTEGER AS try_count_1, 0 AS try_count_2, 0 AS try_count_3, 0 AS try_count_4,
    TIMESTAMP '2026-09-02' AS tm_create, last_at AS tm_update
FROM listed LEFT JOIN calls USING (id);
INSERT INTO raw.voipbin_campaigncalls BY NAME
SELECT md5('call' || id || '-' || k)::UUID AS id, md5('campaign' || c)::UUID AS campaign_id, md5('plan' || c)::UUID AS outplan_id,
    md5('outdial' || c)::UUID AS outdial_id, md5('target' || id)::UUID AS outdial_target_id,
    CASE WHEN NOT hit AND g % 43 = 5 THEN 'progressing' ELSE 'done' END AS status,
    CASE WHEN hit THEN 'success' WHEN g % 43 = 5 THEN NULL ELSE 'fail' END AS result,
    {'type': 'tel', 'target': CASE WHEN k <= 2 THEN '+12025550' ELSE '+13035550' END || (100 + t % 100), 'target_name': '', 'name': '', 'detail': ''} AS destination,
    CASE WHEN k <= 2 THEN 0 ELSE 1 END AS destination_index, CASE WHEN k <= 2 THEN k ELSE k - 2 END + (g % 97 = 1)::INTEGER AS try_count, made_at AS tm_create,
    made_at + to_seconds((20 + g % 90)::BIGINT) AS tm_update
FROM tries WHERE kind = 1;

INSERT INTO raw.liondesk_contact_communications BY NAME
SELECT (id * 10)::VARCHAR AS communication_key, id * 10 AS id, id AS contact_id, name AS campaign_name,
    ['Email', 'Text', '<b>Call</b>'][1 + (h % 3)::INTEGER] AS "type", h % 5 < 2 AS is_active,
    TIMESTAMP '2026-10-04 09:00:00' + to_hours((h % 900)::BIGINT) AS send_at,
    CASE WHEN h % 5 >= 2 THEN TIMESTAMP '2026-10-04 09:00:00' + to_hours((h % 600)::BIGINT) + to_seconds((h % 5000)::BIGINT) END AS completed_at,
    CASE WHEN h % 5 = 4 THEN 7 END AS completing_user_id
FROM people WHERE kind = 3;

-- The first of the dialer's campaigns is declared, the others are not.
INSERT INTO landing.purposes BY NAME
SELECT 1 AS line, 'voipbin' AS source, 'voipbin:' || md5('campaign' || c)::UUID AS campaign, 'solicitation' AS purpose, 'no' AS consent
FROM campaigns WHERE kind = 1 ORDER BY c LIMIT 1;

INSERT INTO landing.files BY NAME
SELECT row_number() OVER (ORDER BY source) AS file_id, source, resource, source || '/' || resource || '/2026-10.ndjson.gz' AS file, n + 9 AS rows_read,
    n AS rows_accepted, 6 AS rows_superseded, 3 AS rows_rejected, 'ndjson' AS shape
FROM (
    SELECT 'action_builder' AS source, 'contact_attempts' AS resource, count(*) AS n FROM raw.action_builder_contact_attempts
    UNION ALL SELECT 'voipbin', 'campaigncalls', count(*) FROM raw.voipbin_campaigncalls
    UNION ALL SELECT 'outreach', 'calls', count(*) FROM raw.outreach_calls
    UNION ALL SELECT 'liondesk', 'contact_communications', count(*) FROM raw.liondesk_contact_communications
);
INSERT INTO landing.rejected_rows BY NAME
SELECT file_id, source, resource, file, 12 AS position, 'destination_index is less than 0' AS reason,
    'destination_index' AS field, '-1' AS value, '{"id":"1","note":"<script>alert(1)</script>","destination_index":-1}' AS record FROM landing.files
UNION ALL SELECT 1, 'outreach', 'calls', 'outreach/calls/2026-10.ndjson.gz', 13, 'state is missing', 'state', NULL, '=HYPERLINK("x")';
INSERT INTO landing.notices BY NAME
SELECT 1 AS file_id, 'outreach' AS source, 'calls' AS resource, 'outreach/calls/2026-10.ndjson.gz' AS file, 'unknown_value' AS code,
    'outcome' AS field, 'something else' AS value, 31 AS rows, 'kept as it came' AS detail;
INSERT INTO landing.check_log VALUES
    ('core.attempts', 'attempt_key_unique', 'ERROR', true, '0 offending, 4000 rows checked', NULL, TIMESTAMP '2026-10-30 18:00:00', 'r'),
    ('core.attempts', 'ended_after_began', 'WARN', false, '3 offending, 4000 rows checked', 'attempt_key outreach:calls:7', TIMESTAMP '2026-10-30 18:00:01', 'r');
