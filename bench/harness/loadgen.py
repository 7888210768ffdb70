"""One run of chat-loadgen against a running server: the command, the watching, the figures."""

import json
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness import machine
from harness.cells import STALLED_PERCENT

EXIT_PASSED = 0
EXIT_INVALID = 98
EXIT_INTEGRITY_BROKEN = 100

# Beyond what a run should take, for registration and draining.
PATIENCE_S = 120
LOOK_EVERY_S = 0.5
# What a server had open when it was looked at first, such as the look's own connection.
FILES_CLOSED_MEANWHILE_MAX = 8


@dataclass
class Run:
    """What came of one run. figures is empty if nothing did; then error says why."""

    cell: str
    server: str
    round: int
    payload_bytes: int = 0
    figures: dict = field(default_factory=dict)
    integrity: dict = field(default_factory=dict)
    intact: bool = True
    valid: bool = True  # False: the generator was the limit
    reasons: list = field(default_factory=list)
    error: str = ""

    def as_json(self):
        return asdict(self)


def command(program, running, cell, pace, json_path):
    """The generator's command line for a cell."""
    server = running.server
    words = [str(program), running.target, "--clients", str(cell.clients),
             "--duration", f"{round(pace.seconds_of(cell) * 1000)}ms",
             "--server-pid", str(running.pid), "--json", str(json_path), "--quiet"]
    if cell.kind == "idle":
        words += ["--workload", "idle", "--rooms", str(server.rooms_when_idle)]
    else:
        words += ["--workload", "slow-readers" if cell.kind == "stalled" else "fanout",
                  "--senders", str(cell.senders), "--size", str(payload_bytes(server, cell)),
                  "--warm-up", f"{round(pace.warm_up_s * 1000)}ms"]
    if cell.window():
        words += ["--closed-loop", "--window", str(cell.window())]
    if cell.messages_per_second:
        # A processor that was asleep wakes up late, and would make messages late.
        words += ["--rate", str(cell.messages_per_second), "--spin"]
    if cell.kind == "acked":
        words += ["--ack"]
    if cell.kind == "stalled":
        words += ["--slow-share", f"{STALLED_PERCENT}%",
                  "--slow-for", f"{round(pace.stall_s * 1000)}ms"]
    words += server.generator
    if server.connects_per_second:
        words += ["--connect-rate", str(server.connects_per_second)]
    return words


def payload_bytes(server, cell):
    return min(cell.bytes, server.payload_bytes_max)


def figures_of(result, cell):
    """What a result of chat-loadgen, read from its JSON, says about a cell."""
    if cell.kind in ("saturated", "one"):
        return _closed_loop_figures(result)
    if cell.kind == "idle":
        registration = result["registration"]
        return {"registrations_per_second": registration["clients"] / registration["seconds"]}
    latency = result["total"]["latency"]["corrected"]
    fairness = result["fairness"]
    figures = {
        "p50_ns": latency["p50_ns"],
        "p99_ns": latency["p99_ns"],
        "p999_ns": latency["p999_ns"],
        "spread_ns": fairness["slowest_mean_ns"] - fairness["fastest_mean_ns"],
        "deliveries_per_cpu_second": result["server"]["deliveries_per_cpu_second"],
    }
    if cell.kind == "acked":
        acks = result["total"]["acks"]["corrected"]
        figures |= {"ack_p50_ns": acks["p50_ns"], "ack_p99_ns": acks["p99_ns"]}
    if cell.kind in ("steady", "stalled"):
        figures["memory_peak_bytes"] = result["server"]["memory_peak_bytes"]
    if cell.kind == "stalled":
        figures |= _stalled_figures(result["slow_readers"])
    return figures


def _closed_loop_figures(result):
    total = result["total"]
    server = result["server"]
    figures = {
        "deliveries_per_cpu_second": server["deliveries_per_cpu_second"],
        "messages_per_second": total["sent"] / total["seconds"],
    }
    if busiest_s := server.get("busiest_thread_seconds"):
        figures["deliveries_per_busiest_thread_second"] = total["delivered"] / busiest_s
    return figures


def _stalled_figures(readers):
    """How far behind the farthest was, and how fast each caught up; nothing if nobody did."""
    catching_up = readers["catching_up"]
    seconds = catching_up["mean_ns"] * catching_up["count"] / 1e9
    if not seconds or not readers["messages"]:
        return {}
    return {
        "behind_bytes": readers["behind_max"] * readers["bytes"] / readers["messages"],
        "catching_up_messages_per_second": readers["messages"] / seconds,
        "catching_up_bytes_per_second": readers["bytes"] / seconds,
    }


def is_intact(result):
    lost = any(result["integrity"][kind] for kind in ("lost", "doubled", "reordered", "corrupted"))
    return not lost and not result["disagreement"]


class IdleMemory:
    """Watches what a server takes for clients that are there and quiet."""

    def __init__(self, pid, clients):
        self._pid = pid
        self._clients = clients
        self._files_before = machine.open_files(pid)
        self._bytes_before = machine.private_bytes(pid)
        self._bytes = None

    def look(self):
        """The last look at which all clients were there counts: quiet has lasted longest then."""
        try:
            here = machine.open_files(self._pid) - self._files_before
            if here >= self._clients - FILES_CLOSED_MEANWHILE_MAX:
                self._bytes = machine.private_bytes(self._pid)
        except OSError:
            pass  # it has ended

    def bytes_per_client(self):
        """None if the clients were never seen."""
        return None if self._bytes is None else (self._bytes - self._bytes_before) / self._clients


def measure(program, running, cell, pace, round_number, core=None):
    """Runs the generator on the core, and waits for it."""
    run = Run(cell.name, running.server.name, round_number, payload_bytes(running.server, cell))
    directory = Path(running.directory)
    json_path = directory / "result.json"
    pin = ["taskset", "-c", str(core)] if core is not None else []
    words = [*pin, *command(program, running, cell, pace, json_path)]
    memory = IdleMemory(running.pid, cell.clients) if cell.kind == "idle" else None
    with (directory / "generator.log").open("w+b") as output:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            in_time = _wait(process, pace.seconds_of(cell) + PATIENCE_S, memory)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        said = output.read().decode(errors="replace").strip().splitlines()
    if not in_time:
        run.error = f"no end after {PATIENCE_S} s more than planned"
    elif process.returncode not in (EXIT_PASSED, EXIT_INVALID, EXIT_INTEGRITY_BROKEN):
        run.error = "; ".join([f"chat-loadgen: exit code {process.returncode}", *said[-3:]])
    else:
        take_result(run, json.loads(json_path.read_text()), process.returncode, cell)
        if memory is not None and memory.bytes_per_client() is not None:
            run.figures["idle_bytes"] = memory.bytes_per_client()
    return run


def take_result(run, result, exit_code, cell):
    """Fills in what the result says."""
    run.integrity = {key: value for key, value in result["integrity"].items() if value}
    run.intact = is_intact(result) and exit_code != EXIT_INTEGRITY_BROKEN
    run.valid = exit_code != EXIT_INVALID
    run.reasons = list(result["reasons"])
    run.figures = figures_of(result, cell)


def _wait(process, patience_s, memory):
    """Whether it ended in time."""
    if memory is None:
        try:
            process.wait(patience_s)
            return True
        except subprocess.TimeoutExpired:
            return False
    give_up = time.monotonic() + patience_s
    while process.poll() is None and time.monotonic() < give_up:
        memory.look()
        time.sleep(LOOK_EVERY_S)
    return process.poll() is not None
