"""One measured piece of work in a process of its own: ``python -m tests.benchmarks.work <name> <arguments as JSON>``.

Prints one JSON object: what was timed in seconds, and the process's peak memory in MB. Belongs here: what is timed and
how. Does not belong here: what is compared with what (``tests.benchmarks.__main__``).
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingest import load_dispositions
from pipelines.ingest.changes import write_moments
from pipelines.models.incremental import Builder
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.settings import Settings
from pipelines.sources import RESOURCE, RESOURCES
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.connection import tune
from pipelines.warehouse.tables import create_schemas, write_settings

Figures = dict[str, float]
CALLS = RESOURCE["voipbin.campaigncalls"]


def generate_files(folder: str, calls: int, part: str = "all", kind: str = "ndjson") -> Figures:
    """Landing files of a simulated dialer."""
    from tests.simulation import bulk

    return {"calls": bulk.write(Path(folder), calls, kind=kind, part=part)}


def generate_pages(folder: str, landing: str) -> Figures:
    """The same campaigncalls as an API lists them: pages of 100 to 1,000 rows, one a line."""
    place = Path(folder) / "voipbin" / "campaigncalls"
    place.mkdir(parents=True)
    chance, rows = random.Random(0), 0
    for path in sorted((Path(landing) / "voipbin" / "campaigncalls").iterdir()):
        with path.open("rb") as calls, (place / path.name).open("wb") as pages:
            while page := [call.rstrip() for call in islice(calls, chance.randint(100, 1_000))]:
                pages.write(
                    b'{"result":[' + b",".join(page) + b'],"next_page_token":"2026-10-12 14:00:00"}\n'
                )
                rows += len(page)
    return {"rows": rows}


def generate_warehouse(path: str, calls: int) -> Figures:
    """A warehouse whose raw tables and mappings are filled, with the few tables that the replay reads beside them."""
    from tests.simulation import bulk

    with _warehouse(path) as con:
        filled = bulk.fill(con, calls, faults=20)
        settings = Settings()
        load_dispositions(con, settings.landing, settings.mappings)
        for resource in RESOURCES:
            write_moments(con, resource)
        for name in ("core.as_of", "replay._clock", "core._cutoff"):
            for model in with_upstream(load_models(), [name]):
                Builder(con).build(model)
    return {"calls": filled}


def ingest(path: str, landing: str) -> Figures:
    """Our way: typed, deduplicated, accounted."""
    from pipelines.ingest import ingest as ingest_files
    from pipelines.ingest.files import LandingFolder

    with _warehouse(path) as con:
        seconds, result = _timed(
            lambda: ingest_files(con, CALLS, LandingFolder(Path(landing)), Path(path).parent)
        )
        return {"seconds": seconds, "rows": result.rows_read}


def bare_read(path: str, landing: str) -> Figures:
    """The yardstick: DuckDB's own reader into a table with the same columns and types, and nothing else."""
    columns = ", ".join(f"{quoted(field.name)}: {literal(field.duckdb_type)}" for field in CALLS.fields)
    files = f"{landing}/voipbin/campaigncalls/**/*.ndjson"
    with duckdb.connect(path) as con:
        statement = (
            f"CREATE TABLE calls AS SELECT * FROM read_json({literal(files)}, format = 'newline_delimited', "
            f"columns = {{{columns}}})"
        )
        seconds, rows = _timed(lambda: con.execute(statement).fetchall()[0][0])
        return {"seconds": seconds, "rows": rows}


def dlt_load(path: str, landing: str) -> Figures:
    """The same files into DuckDB with dlt, as its documentation does it."""
    import dlt
    from dlt.sources.filesystem import filesystem, read_jsonl

    source = filesystem(f"file://{landing}/voipbin/campaigncalls", file_glob="**/*.ndjson") | read_jsonl()
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(path),
        dataset_name="calls",
        pipelines_dir=str(Path(path).parent / "dlt"),
    )
    seconds, _ = _timed(
        lambda: pipeline.run(source.with_name("campaigncalls"), primary_key="id", write_disposition="append")
    )
    return {"seconds": seconds}


def sort(path: str, memory_limit: str | None = None) -> Figures:
    """The yardstick: the same calls sorted by target and time into a table."""
    with duckdb.connect(path) as con:
        _limit(con, memory_limit)
        statement = "CREATE TABLE raw.sorted AS SELECT * FROM raw.voipbin_campaigncalls ORDER BY outdial_target_id, tm_create"
        seconds, rows = _timed(lambda: con.execute(statement).fetchall()[0][0])
        con.execute("DROP TABLE raw.sorted")
        return {"seconds": seconds, "rows": rows}


def replay(path: str, memory_limit: str | None = None) -> Figures:
    """Transitions, outcomes and violations, and what they are built from within the replay."""
    return _models(
        path, ["replay.transitions", "replay.target_outcomes", "replay.violations"], "replay", memory_limit
    )


def core(path: str) -> Figures:
    """Attempts and targets of all sources, and what they are built from within core."""
    return _models(path, ["core._targets"], "core", None)


def reports(path: str) -> Figures:
    """Every report, from attempts and outcomes that are there."""
    models = load_models()
    with _warehouse(path) as con:
        wanted = [name for name in models if name.startswith("reports.")]
        for model in with_upstream(models, wanted):
            if model.schema != "reports":
                Builder(con).build(model)
        core = [model for model in with_upstream(models, wanted) if model.schema == "reports"]
        seconds, parts = _timed(lambda: {model.table: _whole(con, model) for model in core})
        return {
            "seconds": seconds,
            "rows": con.sql("SELECT count(*) FROM core.attempts").fetchall()[0][0],
            **parts,
        }


def refresh(landing: str, output: str) -> Figures:
    """The whole job; the time inside its assets' steps, checks left out, and from its beginning to its end."""
    import dagster as dg

    from pipelines.definitions import build_defs

    job = build_defs(Settings(landing=Path(landing), output=Path(output))).resolve_job_def("refresh")
    with dg.DagsterInstance.ephemeral() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
        whole, result = _timed(lambda: job.execute_in_process(instance=instance, run_config=quiet))
    materialized = {event.step_key for event in result.all_events if event.is_step_materialization}
    steps = {
        event.step_key: event.step_success_data.duration_ms / 1000
        for event in result.all_events
        if event.is_step_success and event.step_key in materialized
    }
    slowest = dict(sorted(steps.items(), key=lambda step: -step[1])[:12])
    print(json.dumps(slowest), file=sys.stderr)
    return {"seconds": sum(steps.values()), "whole_seconds": whole}


def pm4py_replay(path: str, each_trace: bool = False) -> Figures:
    """pm4py's token-based replay of the same log against the dialer's state machine, from the same typed table.

    pm4py replays every distinct sequence of activities once and hands the result to all its cases; with
    ``each_trace`` it replays every case, as has to be done where times decide.
    """
    import pm4py
    from pm4py.algo.conformance.tokenreplay import algorithm as token_replay
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils import petri_utils

    net = PetriNet("dialer")
    idle, active, end = (PetriNet.Place(name) for name in ("idle", "progressing", "end"))
    net.places.update((idle, active, end))
    for label, source, target in (
        ("dial", idle, active),
        ("fail", active, idle),
        ("success", active, end),
        (None, idle, end),
        (None, active, end),
    ):
        transition = PetriNet.Transition(f"{label}-{source.name}-{target.name}", label)
        net.transitions.add(transition)
        petri_utils.add_arc_from_to(source, transition, net)
        petri_utils.add_arc_from_to(transition, target, net)

    def replay_log() -> int:
        with duckdb.connect(path, read_only=True) as con:
            frame = con.sql(
                """
                SELECT CAST(outdial_target_id AS VARCHAR) AS "case:concept:name", activity AS "concept:name",
                    moment AS "time:timestamp"
                FROM (
                    SELECT outdial_target_id, 'dial' AS activity, tm_create AS moment FROM raw.voipbin_campaigncalls
                    UNION ALL
                    SELECT outdial_target_id, coalesce(result, 'fail'), tm_update FROM raw.voipbin_campaigncalls
                    WHERE status = 'done'
                )
                ORDER BY 1, 3
                """
            ).df()
        log = pm4py.convert_to_event_log(pm4py.format_dataframe(frame))
        parameters = {"disable_variants": each_trace, "show_progress_bar": False}
        return len(token_replay.apply(log, net, Marking({idle: 1}), Marking({end: 1}), parameters=parameters))

    seconds, cases = _timed(replay_log)
    return {"seconds": seconds, "cases": cases}


def _models(path: str, names: list[str], schema: str, memory_limit: str | None) -> Figures:
    wanted = [model for model in with_upstream(load_models(), names) if model.schema == schema]
    with _warehouse(path) as con:
        _limit(con, memory_limit)
        rows = con.sql("SELECT count(*) FROM raw.voipbin_campaigncalls").fetchall()[0][0]
        seconds, parts = _timed(lambda: {model.table: _whole(con, model) for model in wanted})
    return {"seconds": seconds, "rows": rows, **parts}


def _whole(con: duckdb.DuckDBPyConnection, model: Any) -> float:
    from pipelines.models.incremental import build_whole

    seconds, _ = _timed(lambda: build_whole(con, model))
    return seconds


def _warehouse(path: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(path)
    tune(con)
    create_schemas(con)
    write_settings(con, Settings())
    return con


def _limit(con: duckdb.DuckDBPyConnection, memory_limit: str | None) -> None:
    if memory_limit:
        con.execute(f"SET memory_limit = {literal(memory_limit)}")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    figures = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))
