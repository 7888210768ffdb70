"""The loop that all programs share: every server in every cell, interleaved, round after round."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from harness import build, machine
from harness.loadgen import Run, measure
from harness.servers import CannotMeasure, Running


class CannotResume(Exception):
    """The runs that are there can't be gone on with."""


@dataclass(frozen=True)
class Cores:
    """Where server and generator run; None: anywhere, because there is only one core."""

    server: int | None
    generator: int | None


def choose_cores():
    """The first core for the server, the next for the generator."""
    available = machine.cores()
    if len(available) < 2:
        say("only one core: server and generator share it, and the figures are worth little")
        return Cores(None, None)
    return Cores(available[0], available[1])


def rotated(items, by):
    """The same order, begun elsewhere: whoever is measured first has it different."""
    by %= max(1, len(items))
    return [*items[by:], *items[:by]]


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def planned(servers, cells, rounds):
    """What is to be measured, in order: round, cell and server of each run."""
    return [(round_number, cell, server)
            for round_number in range(rounds)
            for cell in cells
            for server in rotated(servers, round_number)
            if server.takes(cell)]


def measure_rounds(servers, cells, rounds, pace, on_run, done=()):
    """All runs, each given to on_run when it has ended. Ctrl-C ends with those there are. What is
    among those done already is not measured again."""
    cores = choose_cores()
    runs = list(done)
    measured = {(run.round, run.cell, run.server) for run in runs}
    plan = [(round_number, cell, server)
            for round_number, cell, server in planned(servers, cells, rounds)
            if (round_number, cell.name, server.name) not in measured]
    start = time.monotonic()
    try:
        for count, (round_number, cell, server) in enumerate(plan, 1):
            run = measure_once(server, cell, pace, round_number, cores)
            runs.append(run)
            left_s = (time.monotonic() - start) / count * (len(plan) - count)
            say(f"{count}/{len(plan)} (about {left_s / 60:.0f} min left) "
                f"{server.name} {cell.name}: {outcome(run)}")
            on_run(runs)
    except KeyboardInterrupt:
        say("interrupted: what was measured so far")
    return runs


def measure_once(server, cell, pace, round_number, cores):
    """A server of its own for each run: none has another run's memory."""
    try:
        with Running(server, cores.server) as running:
            return measure(build.LOADGEN, running, cell, pace, round_number, cores.generator)
    except CannotMeasure as error:
        return Run(cell.name, server.name, round_number, intact=True, error=str(error))


def outcome(run):
    """A run in a few words, for the one who waits."""
    if run.error:
        return run.error
    shown = []
    for name, value in run.figures.items():
        if name.endswith("_ns"):
            shown.append(f"{name[:-3]} {value / 1e6:.2f} ms")
        elif name == "deliveries_per_cpu_second":
            shown.append(f"{value / 1000:,.0f} thousand deliveries per CPU-second")
        else:
            shown.append(f"{name.replace('_', ' ')} {value:,.0f}")
    marks = [] if run.intact else [f"INTEGRITY BROKEN {run.integrity}"]
    marks += [] if run.valid else ["(the generator was the limit)"]
    return ", ".join(shown) + "".join(" " + mark for mark in marks)


def heading(runs):
    """What every report says about itself."""
    rounds = len({run.round for run in runs})
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    commit = build.commit()
    return (f"{machine.describe()}; {when}{'; commit ' + commit if commit else ''}; "
            f"medians of {rounds} round{'' if rounds == 1 else 's'}.")


def write_json(path, runs, extra):
    """Every run, so that anybody can count again."""
    document = {"about": heading(runs), **extra, "runs": [run.as_json() for run in runs]}
    Path(path).write_text(json.dumps(document, indent=1) + "\n")


def read_json(path, pace):
    """The runs that write_json has written; none when there is no such file."""
    if not Path(path).exists():
        return []
    document = json.loads(Path(path).read_text())
    if document.get("pace") != asdict(pace):
        raise CannotResume(f"{path} was measured with other durations (--quick)")
    return [Run(**run) for run in document["runs"]]
