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
from collections.abc import Callable
from pathlib import Path

Figures = dict[str, float]


class Bench:
    """One run of the benchmark in one scratch folder; ``scale`` shrinks every number of rows."""

    def __init__(self, folder: Path, scale: float, tries: int) -> None:
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
            say(f"    {figures['seconds']:.2f} s, {figures['peak_mb']:.0f} MB")
        return figures

    def best(self, *works: Callable[[], Figures]) -> list[Figures]:
        """Every work several times, in turns; of each its quickest."""
        tries = [[work() for work in works] for _ in range(self._tries)]
        return [
            min((turn[place] for turn in tries), key=lambda f: f["seconds"]) for place in range(len(works))
        ]

    def ingest(self) -> list[dict[str, object]]:
        landing = str(self.folder())
        self.work("generate_files", folder=landing, calls=self.rows(1))
        paged = str(self.folder())
        self.work("generate_pages", folder=paged, landing=landing)
        ours, pages, bare = self.best(
            lambda: self.work("ingest", path=str(self.folder() / "ours.duckdb"), landing=landing),
            lambda: self.work("ingest", path=str(self.folder() / "pages.duckdb"), landing=paged),
            lambda: self.work("bare_read", path=str(self.folder() / "bare.duckdb"), landing=landing),
        )
        # dlt takes minutes for a million rows: it is compared on a tenth of them.
        tenth = str(self.folder())
        self.work("generate_files", folder=tenth, calls=self.rows(0.1))
        small = self.work("ingest", path=str(self.folder() / "ours.duckdb"), landing=tenth)
        dlt = self.work("dlt_load", path=str(self.folder() / "dlt.duckdb"), landing=tenth)
        return [
            figure("ingest", ours["seconds"] / bare["seconds"], "<=", 1.3, rows=ours["rows"]),
            figure("ingest_pages", pages["seconds"] / ours["seconds"], "<=", 1.5, rows=pages["rows"]),
            figure("dlt_against_ingest", dlt["seconds"] / small["seconds"], "", None, rows=small["rows"]),
            figure("dlt_seconds", dlt["seconds"], "", None, rows=small["rows"]),
        ]

    def replay(self) -> list[dict[str, object]]:
        path = str(self.folder() / "warehouse.duckdb")
        self.work("generate_warehouse", path=path, calls=self.rows(5))
        ours, core, bare = self.best(
            lambda: self.work("replay", path=path),
            lambda: self.work("core", path=path),
            lambda: self.work("sort", path=path),
        )
        reports = self.work("reports", path=path)
        return [
            figure("replay", ours["seconds"] / bare["seconds"], "<=", 1.9, rows=ours["rows"]),
            figure("core", core["seconds"] / bare["seconds"], "", None, rows=core["rows"]),
            figure(
                "reports_against_replay",
                reports["seconds"] / ours["seconds"],
                "<=",
                1.0,
                rows=reports["rows"],
            ),
        ]

    def growth(self) -> list[dict[str, object]]:
        small, large = (str(self.folder() / f"{size}.duckdb") for size in ("small", "large"))
        self.work("generate_warehouse", path=small, calls=self.rows(1))
        self.work("generate_warehouse", path=large, calls=self.rows(10))
        one, ten = self.best(lambda: self.work("replay", path=small), lambda: self.work("replay", path=large))
        ratio = (ten["seconds"] / ten["rows"]) / (one["seconds"] / one["rows"])
        return [figure("growth", ratio, "<=", 1.1, rows=ten["rows"])]

    def memory(self) -> list[dict[str, object]]:
        """Twenty million calls under four gigabytes: done or not done."""
        path = str(self.folder() / "warehouse.duckdb")
        rows = self.work("generate_warehouse", path=path, calls=self.rows(20))["calls"]
        done = self.work("replay", path=path, memory_limit="4GB")
        return [figure("replay_20m_under_4gb_seconds", done["seconds"], "", None, rows=rows)]

    def refresh(self) -> list[dict[str, object]]:
        before, after = self.folder(), self.folder()
        calls = self.work("generate_files", folder=str(before), calls=self.rows(5.1), part="before")["calls"]
        self.work("generate_files", folder=str(after), calls=self.rows(5.1), part="after")
        output = self.folder()
        self.work("refresh", landing=str(before), output=str(output))
        for file in (after / "voipbin" / "campaigncalls").iterdir():
            file.rename(before / "voipbin" / "campaigncalls" / file.name)

        def refreshed(since: Path | None) -> Figures:
            """What a refresh takes that goes on from an output folder, which stays as it is, or from nothing."""
            folder = self.folder()
            if since is not None:
                shutil.copytree(since, folder, symlinks=True, dirs_exist_ok=True)
            os.sync()  # nobody waits for what the copy, or the try before, has left to write
            figures = self.work("refresh", landing=str(before), output=str(folder))
            shutil.rmtree(folder)
            return figures

        more, everything = self.best(lambda: refreshed(output), lambda: refreshed(None))
        whole = more["whole_seconds"] / everything["whole_seconds"]
        return [
            figure("refresh_1pct", more["seconds"] / everything["seconds"], "<=", 0.15, rows=calls),
            # With the checks, and with what is written beside the steps.
            figure("refresh_1pct_whole_run", whole, "", None, rows=calls),
        ]

    def peak_memory(self) -> list[dict[str, object]]:
        peaks, rows = [], 0.0
        for millions in (0.2, 2.0):
            landing = self.folder()
            rows = self.work("generate_files", folder=str(landing), calls=self.rows(millions))["calls"]
            peaks.append(self.work("refresh", landing=str(landing), output=str(self.folder()))["peak_mb"])
        return [figure("peak_memory", peaks[1] / peaks[0], "<=", 3.0, rows=rows)]

    def against_pm4py(self) -> list[dict[str, object]]:
        path = str(self.folder() / "warehouse.duckdb")
        self.work("generate_warehouse", path=path, calls=self.rows(0.5))
        ours, variants, traces = self.best(
            lambda: self.work("replay", path=path),
            lambda: self.work("pm4py_replay", path=path),
            lambda: self.work("pm4py_replay", path=path, each_trace=True),
        )
        return [
            figure("against_pm4py", traces["seconds"] / ours["seconds"], ">=", 20.0, rows=ours["rows"]),
            figure(
                "against_pm4py_variants", variants["seconds"] / ours["seconds"], "", None, rows=ours["rows"]
            ),
        ]


PARTS = ("ingest", "replay", "growth", "memory", "refresh", "peak_memory", "against_pm4py")


def figure(name: str, value: float, sign: str, goal: float | None, rows: float) -> dict[str, object]:
    met = None if goal is None else value <= goal if sign == "<=" else value >= goal
    return {
        "figure": name,
        "value": round(value, 3),
        "goal": goal,
        "sign": sign,
        "met": met,
        "rows": int(rows),
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows (1.0)")
    parser.add_argument("--tries", type=int, default=3, help="of which the quickest counts (3)")
    parser.add_argument("--folder", type=Path, help="scratch folder (a temporary one)")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)} (all)")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    figures: list[dict[str, object]] = []
    for part in arguments.parts or PARTS:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            figures += getattr(Bench(Path(folder), arguments.scale, arguments.tries), part)()
    if arguments.json:
        print(json.dumps({"cores": os.cpu_count(), "figures": figures}))
        return
    print(f"{'figure':<32}{'value':>10}  {'goal':<10}{'met':<6}{'rows':>12}")
    for row in figures:
        goal = f"{row['sign']} {row['goal']}" if row["goal"] is not None else "–"
        met = "" if row["met"] is None else "yes" if row["met"] else "no"
        print(f"{row['figure']:<32}{row['value']:>10.3f}  {goal:<10}{met:<6}{row['rows']:>12,}")


if __name__ == "__main__":
    main()
