"""One measured piece of work in a process of its own: ``python -m tests.benchmarks.work <name> <arguments as JSON>``.

Prints one JSON object: what was timed in seconds, and the peak memory in MB. Belongs here: what is timed and
how. Does not belong here: what is compared with what (``tests.benchmarks.__main__``).
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingest import load_contact_rules, load_dispositions, load_reference
from pipelines.ingest.changes import write_moments
from pipelines.models.incremental import Builder
from pipelines.models.sql_files import Model, load_models, with_upstream
from pipelines.settings import PREFIX, ROOT, Settings
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


def generate_lists(source: str, folder: str, rows: int, part: str = "all") -> Figures:
    """Landing files of Outreach, Action Builder or LionDesk."""
    from tests.simulation import bulk_lists

    return {"rows": bulk_lists.WRITERS[source](Path(folder), rows, part)}


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


def generate_people(path: str, calls: int) -> Figures:
    """A warehouse with people in all four systems, and every table built that those across systems are built from."""
    from tests.simulation import bulk_people

    with _warehouse(path) as con:
        settings = Settings()
        load_reference(con, settings.data)
        load_contact_rules(con, settings.landing, settings.contact_rules)
        load_dispositions(con, settings.landing, settings.mappings)
        filled = bulk_people.fill(con, calls, faults=20)
        for resource in RESOURCES:
            write_moments(con, resource)
        own = {model.table for model in _across()}
        for model in with_upstream(load_models(), own):
            if model.table not in own:
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


ACROSS_FACTS = frozenset(
    f"sources.{kind}" for kind in ("points", "places", "identities", "marks", "crosswalk")
)
ACROSS_LANDING = frozenset(
    f"landing.{table}" for table in ("contact_rules", "purposes", "number_plan", "nicknames", "holidays")
)


def _across() -> list[Model]:
    """Every table across systems: those that rest on lists of people or on contact rules, in the order of building."""
    models = load_models()
    found: dict[str, Model] = {}
    for model in with_upstream(models, models):
        rests_on = model.upstream | model.unions.keys()
        if rests_on & (ACROSS_FACTS | ACROSS_LANDING | found.keys()) and model.schema != "quality":
            found[model.table] = model
    return list(found.values())


def across(path: str, memory_limit: str | None = None) -> Figures:
    """Points, people, restrictions, rules, breaches, and all reports on them, from attempts that are there."""
    with _warehouse(path) as con:
        _limit(con, memory_limit)
        rows = con.sql("SELECT count(*) FROM raw.voipbin_campaigncalls").fetchall()[0][0]
        seconds, parts = _timed(lambda: {model.table: _whole(con, model) for model in _across()})
        people = con.sql("SELECT count(DISTINCT person_key) FROM core.person_targets").fetchall()[0][0]
    dearest = sorted(parts.items(), key=lambda part: -part[1])[:8]
    print("    " + ", ".join(f"{table} {spent:.2f}" for table, spent in dearest), file=sys.stderr)
    return {"seconds": seconds, "rows": rows, "people": people, **parts}


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


def imports(modules: str) -> Figures:
    """CPU seconds of a bare process that imports these modules and ends."""
    return _process([sys.executable, "-c", f"import {modules}"], {})


def run(landing: str, output: str, memory_limit: str | None = None) -> Figures:
    """``python -m pipelines run`` as a person starts it, from the start of the process to its end.

    ``seconds``: from start to end. ``cpu_seconds``: user and system, those of child processes included. ``peak_mb``: of
    the process. ``output_mb`` and ``spill_mb``: the most that the output folder, and what DuckDB spilled in it, took on
    the disk; only with a memory limit, because watching them takes time.
    """
    settings = {"LANDING": landing, "OUTPUT": output}
    if memory_limit:
        settings["MEMORY_LIMIT"] = memory_limit
    environment = {f"{PREFIX}{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "pipelines", "run"]
    if memory_limit is None:
        return _process(command, environment)
    with _watched_disk(Path(output)) as disk:
        figures = _process(command, environment)
    return figures | disk


def steps(output: str) -> Figures:
    """Where the time of the last run in an output folder went (seconds), as Dagster's history has it.

    ``assets`` is the time inside the steps that build a table or publish, and ``checks`` that inside the steps that
    evaluate rules. ``raw``, ``core``, … are parts of ``assets``. ``between`` is the rest of the time from the run's
    first event to its last.
    """
    from pipelines.orchestration.history import open_history

    os.environ["DAGSTER_HOME"] = str(Path(output) / "dagster")
    with open_history() as history:
        (record,) = history.get_run_records(limit=1)
        events = [entry for entry in history.all_logs(record.dagster_run.run_id) if entry.is_dagster_event]
    materialized = {entry.step_key for entry in events if entry.get_dagster_event().is_step_materialization}
    spent: dict[str, float] = {"assets": 0.0, "checks": 0.0}
    slowest: dict[str, float] = {}
    for event in (entry.get_dagster_event() for entry in events):
        if not event.is_step_success or event.step_key is None:
            continue
        seconds = event.step_success_data.duration_ms / 1000
        slowest[event.step_key] = seconds
        if event.step_key in materialized:
            spent["assets"] += seconds
            room = event.step_key.split("__")[0]
            spent[room] = spent.get(room, 0.0) + seconds
        else:
            spent["checks"] += seconds
    moments = [entry.timestamp for entry in events]
    spent["between"] = max(moments) - min(moments) - spent["assets"] - spent["checks"]
    dearest = sorted(slowest.items(), key=lambda step: -step[1])[:12]
    print("    " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in dearest), file=sys.stderr)
    return spent


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


def _process(command: list[str], environment: dict[str, str]) -> Figures:
    """Run a process of the project to its end; what it took. Raises RuntimeError, with its last lines, if it failed."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    bare.pop("DAGSTER_HOME", None)
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=bare | environment, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            last = "".join(said.readlines()[-20:])
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }


@contextmanager
def _watched_disk(output: Path) -> Iterator[Figures]:
    """The most that an output folder takes on the disk while the block runs, filled in when it ends (MB)."""
    most: Figures = {"output_mb": 0.0, "spill_mb": 0.0}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1.0):
            most["output_mb"] = max(most["output_mb"], disk_mb(output))
            most["spill_mb"] = max(most["spill_mb"], disk_mb(output / "spill"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def disk_mb(path: Path) -> float:
    """What a file, or all files below a folder, take on the disk (MB); 0 if there is none. Links are not followed."""
    total = 0
    places = (
        [path] if path.is_file() else [Path(at, name) for at, _, names in os.walk(path) for name in names]
    )
    for place in places:
        with suppress(FileNotFoundError):  # a run removes files while they are counted
            total += place.lstat().st_blocks * 512
    return total / 1_000_000


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
    # Where another process did the work, its peak is the one that counts.
    figures.setdefault("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(figures))
