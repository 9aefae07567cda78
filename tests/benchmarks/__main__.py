"""``make bench``: each figure a ratio, measured in this run, on the same rows, each piece of work in a fresh process.

Belongs here: what is compared with what, on how many rows, and the table. Does not belong here: the work itself
(``tests.benchmarks.work``). Machines are shared and noisy: a time is the best of several tries, taken in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipelines.settings import SAMPLE
from tests.benchmarks.work import disk_mb

Figures = dict[str, float]
Figure = dict[str, object]
Tries = Sequence[Figures]

IMPORTS = "dagster, duckdb, sqlglot, polars"
TRIES, LONG_TRIES = 3, 2
"""How often work is done unless told otherwise, and how often if it takes minutes."""
LISTS = ("outreach", "action_builder", "liondesk")
"""The sources beside VoIPBIN."""


class Bench:
    """One run of the benchmark in one scratch folder; ``scale`` shrinks every number of rows.

    ``tries``: how often each work is done; None leaves it to the work.
    """

    def __init__(self, folder: Path, scale: float, tries: int | None) -> None:
        self._folder = folder
        self._scale = scale
        self._tries = tries
        self._fresh = 0

    def rows(self, millions: float) -> int:
        return max(20_000, int(millions * 1_000_000 * self._scale))

    def folder(self) -> Path:
        self._fresh += 1
        path = self._folder / str(self._fresh)
        path.mkdir()
        return path

    def work(self, name: str, **arguments: object) -> Figures:
        say(f"{name} {arguments}")
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.work", name, json.dumps(arguments)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        if "seconds" in figures:
            cpu = f" ({figures['cpu_seconds']:.2f} s of CPU)" if "cpu_seconds" in figures else ""
            say(f"    {figures['seconds']:.2f} s{cpu}, {figures['peak_mb']:.0f} MB")
        return figures

    def tries(self, *works: Callable[[], Figures], usual: int = TRIES) -> list[Tries]:
        """Every work several times, in turns; of each its tries. ``usual``: how often, unless told otherwise."""
        turns = [[work() for work in works] for _ in range(self._tries or usual)]
        return [list(of_one) for of_one in zip(*turns, strict=True)]

    def ingest(self) -> list[Figure]:
        landing = str(self.folder())
        self.work("generate_files", folder=landing, calls=self.rows(1))
        paged = str(self.folder())
        self.work("generate_pages", folder=paged, landing=landing)
        ours, pages, bare = self.tries(
            lambda: self.work("ingest", path=str(self.folder() / "ours.duckdb"), landing=landing),
            lambda: self.work("ingest", path=str(self.folder() / "pages.duckdb"), landing=paged),
            lambda: self.work("bare_read", path=str(self.folder() / "bare.duckdb"), landing=landing),
        )
        return [
            compare("ingest", ours, bare, "<=", 1.3),
            compare("ingest_pages", pages, ours, "<=", 1.5),
        ]

    def against_dlt(self) -> list[Figure]:
        """A tenth of the rows of ``ingest``: dlt takes minutes for a million."""
        landing = str(self.folder())
        self.work("generate_files", folder=landing, calls=self.rows(0.1))
        ours = self.work("ingest", path=str(self.folder() / "ours.duckdb"), landing=landing)
        dlt = self.work("dlt_load", path=str(self.folder() / "dlt.duckdb"), landing=landing)
        return [
            compare("dlt_against_ingest", [dlt], [ours], rows=ours["rows"]),
            figure("dlt_seconds", dlt["seconds"], rows=ours["rows"]),
        ]

    def replay(self) -> list[Figure]:
        path = str(self.folder() / "warehouse.duckdb")
        self.work("generate_warehouse", path=path, calls=self.rows(5))
        ours, core, bare = self.tries(
            lambda: self.work("replay", path=path),
            lambda: self.work("core", path=path),
            lambda: self.work("sort", path=path),
        )
        reports = self.work("reports", path=path)
        return [
            compare("replay", ours, bare, "<=", 1.8),
            compare("core", core, bare),
            compare("reports_against_replay", [reports], ours, "<=", 1.0),
        ]

    def across(self) -> list[Figure]:
        """People, contact rules and breaches over all systems, beside the replay of the same calls."""
        path = str(self.folder() / "warehouse.duckdb")
        self.work("generate_people", path=path, calls=self.rows(5))
        ours, replay = self.tries(
            lambda: self.work("across", path=path), lambda: self.work("replay", path=path), usual=LONG_TRIES
        )
        peaks = []
        for millions in (0.2, 2.0):
            path = str(self.folder() / "warehouse.duckdb")
            self.work("generate_people", path=path, calls=self.rows(millions))
            peaks.append(self.work("across", path=path))
        return [
            compare("across", ours, replay, "<=", 1.5),
            compare(
                "across_peak_memory", peaks[1:], peaks[:1], "<=", 3.0, by="peak_mb", rows=peaks[1]["rows"]
            ),
        ]

    def growth(self) -> list[Figure]:
        small, large = (str(self.folder() / f"{size}.duckdb") for size in ("small", "large"))
        self.work("generate_warehouse", path=small, calls=self.rows(1))
        self.work("generate_warehouse", path=large, calls=self.rows(10))
        one, ten = self.tries(
            lambda: self.work("replay", path=small), lambda: self.work("replay", path=large), usual=LONG_TRIES
        )
        return [compare("growth", _per_row(ten), _per_row(one), "<=", 1.1)]

    def memory(self) -> list[Figure]:
        """Twenty million calls under four gigabytes: done or not done."""
        path = str(self.folder() / "warehouse.duckdb")
        rows = self.work("generate_warehouse", path=path, calls=self.rows(20))["calls"]
        done = self.work("replay", path=path, memory_limit="4GB")
        return [figure("replay_20m_under_4gb_seconds", done["seconds"], rows=rows)]

    def idle(self) -> list[Figure]:
        """The third run on one output folder: the first publishes, and the second may still find something to do."""
        output = str(self.folder())
        for _ in range(2):
            self.work("run", landing=str(SAMPLE), output=output)
        ours, bare = self.tries(
            lambda: self.work("run", landing=str(SAMPLE), output=output),
            lambda: self.work("imports", modules=IMPORTS),
        )
        return [compare("idle", ours, bare, "<=", 2.0, by="cpu_seconds")]

    def first(self) -> list[Figure]:
        ours, bare = self.tries(
            lambda: self.work("run", landing=str(SAMPLE), output=str(self.folder())),
            lambda: self.work("imports", modules=f"{IMPORTS}, great_expectations"),
        )
        return [compare("first", ours, bare, "<=", 2.5, by="cpu_seconds")]

    def refresh(self) -> list[Figure]:
        """One per cent more rows of each source in turn, beside a tenth of the calls of each source that is no dialer.

        The run from nothing reads the landing folder before anything arrives, so it has one per cent fewer rows of that
        source: the figures are a little too high, never too low.
        """
        landing, arriving = self.folder(), self.folder()
        rows = {"voipbin": self.rows(5.05)} | dict.fromkeys(LISTS, self.rows(0.505))
        self.work("generate_files", folder=str(landing), calls=rows["voipbin"], part="before")
        self.work("generate_files", folder=str(arriving), calls=rows["voipbin"], part="after")
        for source in LISTS:
            self.work("generate_lists", source=source, folder=str(landing), rows=rows[source], part="before")
            self.work("generate_lists", source=source, folder=str(arriving), rows=rows[source], part="after")
        outputs: list[Path] = []  # of the runs from nothing; the first is where the others go on from

        def everything() -> Figures:
            for further in outputs[1:]:
                shutil.rmtree(further)
            outputs[1:] = [self.folder()]
            return self.run(landing, outputs[-1])

        def more(source: str) -> Figures:
            output = self.folder()
            shutil.copytree(outputs[0], output, symlinks=True, dirs_exist_ok=True)
            with _arrived(arriving / source, landing / source):
                figures = self.run(landing, output)
            shutil.rmtree(output)
            return figures

        whole, *parts = self.tries(everything, *(partial(more, source) for source in rows), usual=LONG_TRIES)
        return [
            compare(f"refresh_1pct_{source}{suffix}", tries, whole, "<=", goal, by=by, rows=rows[source])
            for source, tries in zip(rows, parts, strict=True)
            for suffix, by, goal in (("", "seconds", 0.15), ("_assets", "assets", 0.10))
        ]

    def run(self, landing: Path, output: Path, memory_limit: str | None = None) -> Figures:
        """A run as a person starts it, and where its time went, from the folder as it is, or from nothing."""
        os.sync()  # nobody waits for what a copy, or the try before, has left to write
        figures = self.work("run", landing=str(landing), output=str(output), memory_limit=memory_limit)
        spent = self.work("steps", output=str(output))
        figures |= {name: seconds for name, seconds in spent.items() if name != "peak_mb"}
        outside = figures["seconds"] - sum(spent[name] for name in ("assets", "checks", "between"))
        shown = {name: round(seconds, 2) for name, seconds in spent.items() if name != "peak_mb"}
        say(f"    {shown | {'outside the run': round(outside, 2)}}")
        return figures

    def peak_memory(self) -> list[Figure]:
        peaks, rows = [], 0.0
        for millions in (0.2, 2.0):
            landing = self.folder()
            rows = self.work("generate_files", folder=str(landing), calls=self.rows(millions))["calls"]
            peaks.append(self.work("run", landing=str(landing), output=str(self.folder())))
        return [compare("peak_memory", peaks[1:], peaks[:1], "<=", 3.0, by="peak_mb", rows=rows)]

    def against_pm4py(self) -> list[Figure]:
        path = str(self.folder() / "warehouse.duckdb")
        self.work("generate_warehouse", path=path, calls=self.rows(0.5))
        ours, variants, traces = self.tries(
            lambda: self.work("replay", path=path),
            lambda: self.work("pm4py_replay", path=path),
            lambda: self.work("pm4py_replay", path=path, each_trace=True),
        )
        rows = ours[0]["rows"]
        return [
            compare("against_pm4py", traces, ours, ">=", 20.0, rows=rows),
            compare("against_pm4py_variants", variants, ours, ">=", 20.0, rows=rows),
        ]

    def scale(self) -> list[Figure]:
        """A hundred million calls from Parquet files to the page, under a memory limit of eight gigabytes.

        The calls lie in the landing folder: as Parquet they take a tenth of the disk that the warehouse takes. The time
        per call leaves out the steps that fill raw tables; ``scale_with_ingest`` has them.
        """
        large = self.rows(100)
        small = min(5_000_000, large // 4)
        self._need_disk(large * SCALE_BYTES)
        runs, landing, output = [], Path(), Path()
        for calls in (small, large):
            landing, output = self.folder(), self.folder()
            made = self.work("generate_files", folder=str(landing), calls=calls, kind="parquet")["calls"]
            runs.append(self.run(landing, output, memory_limit="8GB") | {"rows": made})
            if calls == small:
                shutil.rmtree(landing)
                shutil.rmtree(output)
        rows = runs[1]["rows"]
        whole = [[run | {"seconds": run["seconds"] / run["rows"]}] for run in runs]
        built = [[run | {"seconds": (run["seconds"] - run["raw"]) / run["rows"]}] for run in runs]
        sizes = {
            "landing": disk_mb(landing),
            "warehouse": disk_mb(output / "warehouse.duckdb"),
            "published": disk_mb((output / "contact_ledger.duckdb").resolve()),
            "spill": runs[1]["spill_mb"],
            "output_at_most": runs[1]["output_mb"],
            "peak_memory": runs[1]["peak_mb"],
        }
        return [
            compare("scale", built[1], built[0], "<=", 1.3, rows=rows),
            compare("scale_with_ingest", whole[1], whole[0], rows=rows),
            figure("scale_seconds", runs[1]["seconds"], rows=rows),
            figure("scale_raw_seconds", runs[1]["raw"], rows=rows),
            *(figure(f"scale_{name}_gb", size / 1_000, rows=rows) for name, size in sizes.items()),
        ]

    def _need_disk(self, need: float) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < need:
            fits = int(free / need * self._scale * 100) / 100
            raise SystemExit(
                f"bench: scale needs {need / 1e9:.0f} GB of free disk in {self._folder} and finds {free / 1e9:.0f} GB; "
                f"name another folder with --folder, or fewer rows with --scale {fits}"
            )


DEFAULT = (
    "idle first ingest against_dlt replay across growth memory refresh peak_memory against_pm4py"
).split()
PARTS = (*DEFAULT, "scale")
SCALE_BYTES = 1_100
"""Disk that the part ``scale`` needs for each call (bytes).

A call takes 86 as Parquet, 495 in the warehouse and 322 in the published file (measured at a million calls). The rest
is for what DuckDB spills.
"""


@contextmanager
def _arrived(source: Path, landing: Path) -> Iterator[None]:
    """Files of a source lie in the landing folder while the block runs."""
    moved = [(file, landing / file.relative_to(source)) for file in source.rglob("*.ndjson")]
    for file, place in moved:
        file.rename(place)
    try:
        yield
    finally:
        for file, place in moved:
            place.rename(file)


def _per_row(tries: Tries) -> Tries:
    return [{**one, "seconds": one["seconds"] / one["rows"]} for one in tries]


def compare(
    name: str,
    ours: Tries,
    other: Tries,
    sign: str = "",
    goal: float | None = None,
    by: str = "seconds",
    rows: float | None = None,
) -> Figure:
    """The best try of one work divided by the best of another, and the least and the greatest ratio of one turn."""
    value = min(one[by] for one in ours) / min(one[by] for one in other)
    turns = [one[by] / other[min(turn, len(other) - 1)][by] for turn, one in enumerate(ours)]
    found = ours[0].get("rows") if rows is None else rows
    return figure(name, value, sign, goal, found, (min(turns), max(turns)) if len(turns) > 1 else None)


def figure(
    name: str,
    value: float,
    sign: str = "",
    goal: float | None = None,
    rows: float | None = None,
    spread: tuple[float, float] | None = None,
) -> Figure:
    """One line of the table. ``rows`` is None for the sample, and ``spread`` where there was one try."""
    met = None if goal is None else value <= goal if sign == "<=" else value >= goal
    return {
        "figure": name,
        "value": round(value, 3),
        "goal": goal,
        "sign": sign,
        "met": met,
        "rows": None if rows is None else int(rows),
        "spread": None if spread is None else [round(end, 3) for end in spread],
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def show(rows: Sequence[Figure]) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'figure':<36}{'value':>10}  {'goal':<10}{'met':<6}{'rows':>12}  tries"
    for row in rows:
        goal = f"{row['sign']} {row['goal']}" if row["goal"] is not None else "–"
        met = "" if row["met"] is None else "yes" if row["met"] else "no"
        size = "sample" if row["rows"] is None else f"{row['rows']:,}"
        spread = "–".join(f"{end:.3f}" for end in row["spread"]) if isinstance(row["spread"], list) else ""
        yield f"{row['figure']:<36}{row['value']:>10.3f}  {goal:<10}{met:<6}{size:>12}  {spread}".rstrip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows (1.0)")
    parser.add_argument(
        "--tries",
        type=int,
        help=f"of which the quickest counts ({TRIES}; {LONG_TRIES} of what takes minutes)",
    )
    parser.add_argument("--folder", type=Path, help="scratch folder (a temporary one)")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (all but scale)")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    figures: list[Figure] = []
    for part in arguments.parts or DEFAULT:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            figures += getattr(Bench(Path(folder), arguments.scale, arguments.tries), part)()
    if arguments.json:
        print(json.dumps({"cores": os.cpu_count(), "figures": figures}))
        return
    print("\n".join(show(figures)))


if __name__ == "__main__":
    main()
