"""What our server has to reach, and whether it did."""

from dataclasses import dataclass

from harness.summary import median_of, ratio
from harness.tables import NOTHING, best_of, count, markdown, milliseconds, percent

OURS = "ours"
TWO_THREADS = "ours-2"
LIMIT = "limit"

SATURATED_SHARE_LEAST = 0.85
SATURATED_CLIENTS_LEAST = 500  # below it the target says nothing
REDIS_FACTOR_LEAST = 3.0
ONE_SHARE_LEAST = 0.95
P50_FACTOR_MOST = 1.10
REGISTRATIONS_LEAST = 12_000
IDLE_BYTES_MOST = 1024
TWO_THREADS_SHARE_LEAST = 0.85


@dataclass(frozen=True)
class Target:
    """met: None where it was not measured."""

    name: str
    wanted: str
    got: str
    met: bool | None

    def verdict(self):
        return {True: "met", False: "**missed**", None: "not measured"}[self.met]


def check_targets(runs, summaries, cells, servers):
    """Every target that the measured cells can decide."""
    found = []
    for cell in cells:
        found += _CHECKS[cell.kind](runs, summaries, cell, servers)
    found.append(_integrity(summaries))
    return found


def targets_table(targets):
    rows = [[target.name, target.wanted, target.got, target.verdict()] for target in targets]
    return markdown(["target", "wanted", "measured", ""], rows)


def _at_least(name, value, least, show, of=""):
    wanted = f"at least {show(least)}{of}"
    if value is None:
        return Target(name, wanted, NOTHING, None)
    return Target(name, wanted, show(value) + of, value >= least)


def _at_most(name, value, most, show, whose=""):
    if value is None or most is None:
        return Target(name, NOTHING if most is None else f"at most {show(most)}{whose}",
                      NOTHING if value is None else show(value), None)
    return Target(name, f"at most {show(most)}{whose}", show(value), value <= most)


def _factor(value):
    return f"{value:.1f} times"


def _saturated(runs, _summaries, cell, _servers):
    if cell.clients < SATURATED_CLIENTS_LEAST:
        return []
    def share(server, other):
        return ratio(runs, cell, server, other, "deliveries_per_cpu_second")
    return [
        _at_least(f"saturated {cell.title}", share(OURS, LIMIT), SATURATED_SHARE_LEAST, percent,
                  " of the limit"),
        _at_least(f"saturated {cell.title}", share(OURS, "redis"), REDIS_FACTOR_LEAST, _factor,
                  " Redis"),
        _at_least(f"saturated {cell.title}, 2 threads", share(TWO_THREADS, OURS),
                  TWO_THREADS_SHARE_LEAST, percent, " of one thread"),
    ]


def _one(runs, _summaries, cell, _servers):
    share = ratio(runs, cell, OURS, LIMIT, "deliveries_per_cpu_second")
    return [_at_least(f"one message a turn, {cell.clients:,} clients", share, ONE_SHARE_LEAST,
                      percent, " of the limit")]


def _fixed(_runs, summaries, cell, servers):
    peers = [server for server in servers if server.name != LIMIT and not _is_ours(server)]
    ours = median_of(summaries, cell, OURS, "p50_ns")
    limit = median_of(summaries, cell, LIMIT, "p50_ns")
    best_p50, p50_peer = best_of(summaries, cell, peers, "p50_ns", least=True)
    best_p99, p99_peer = best_of(summaries, cell, peers, "p99_ns", least=True)
    def show(value_ns):
        return f"{milliseconds(value_ns)} ms"
    most = None if limit is None else limit * P50_FACTOR_MOST
    return [
        _at_most(f"p50 of {cell.title}", ours, most, show, " (the limit and 10 %)"),
        _at_most(f"p50 of {cell.title}", ours, best_p50, show, _whose(p50_peer)),
        _at_most(f"p99 of {cell.title}", median_of(summaries, cell, OURS, "p99_ns"), best_p99,
                 show, _whose(p99_peer)),
    ]


def _idle(_runs, summaries, cell, _servers):
    return [
        _at_least(f"registrations/s of {cell.title}",
                  median_of(summaries, cell, OURS, "registrations_per_second"),
                  REGISTRATIONS_LEAST, count),
        _at_most("memory of an idle client", median_of(summaries, cell, OURS, "idle_bytes"),
                 IDLE_BYTES_MOST, count, " bytes"),
    ]


def _integrity(summaries):
    ours = {key: summary for key, summary in summaries.items() if key[1].startswith(OURS)}
    name, wanted = "ours: every message once, in order", "always"
    if broken := sorted(f"{server} in {cell}" for (cell, server), summary in ours.items()
                        if summary.broken):
        return Target(name, wanted, "broken: " + ", ".join(broken), False)
    if not any(summary.figures for summary in ours.values()):
        return Target(name, wanted, NOTHING, None)
    return Target(name, wanted, "always", True)


def _is_ours(server):
    return server.name.startswith(OURS)


def _whose(server):
    return f" ({server.title}, the best peer)" if server else ""


_CHECKS = {"saturated": _saturated, "one": _one, "fixed": _fixed, "idle": _idle}
