"""chat-server as clients of each kind find it: one program and the same work, spoken of in another
protocol or over TLS."""

import subprocess
from statistics import median

from harness.servers import Place, Server, all_servers
from harness.summary import median_of, ratio
from harness.tables import NOTHING, count, markdown, thousands, value_in

NATIVE = "native"
COST = "deliveries_per_cpu_second"
# By scheme: what it is called, and whether it goes over TLS.
_PROTOCOLS = {
    NATIVE: ("native", False),
    "ws": ("WebSocket", False),
    "irc": ("IRC", False),
    "tls": ("native over TLS", True),
    "wss": ("WebSocket over TLS", True),
    "ircs": ("IRC over TLS", True),
}
# What WebSocket and IRC may cost beside native.
FACTOR_MOST = 1.10
BOUND = ("ws", "irc")


def protocol_servers(root):
    """A server for each protocol, the native one first. root: of the project."""
    ours = next(server for server in all_servers(root) if server.name == "ours")
    return [Server(scheme, title, scheme, ours.program,
                   _secured(ours.arguments) if over_tls else ours.arguments,
                   packages=("openssl",) if over_tls else (),
                   generator=("--insecure",) if over_tls else ())
            for scheme, (title, over_tls) in _PROTOCOLS.items()]


def _secured(arguments):
    def with_certificate(place: Place):
        certificate, key = place.directory / "certificate.pem", place.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
                       check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return [*arguments(place), "--tls-cert", str(certificate), "--tls-key", str(key)]
    return with_certificate


def cost_ratios(runs, cell, server):
    """How much CPU time a delivery costs beside a native one: the median over rounds, the least and
    the most. None: no round had both."""
    found = {}
    for run in runs:
        if run.cell == cell.name and run.server in (NATIVE, server) and COST in run.figures:
            found.setdefault(run.round, {})[run.server] = run.figures[COST]
    ratios = [both[NATIVE] / both[server] for both in found.values() if len(both) == 2]
    return (median(ratios), min(ratios), max(ratios)) if ratios else None


def fan_out_table(runs, summaries, cells, servers):
    """A line for each protocol in each cell."""
    rows = []
    for cell in cells:
        for server in servers:
            per_second = median_of(summaries, cell, server.name, COST)
            ratios = cost_ratios(runs, cell, server.name) if server.name != NATIVE else None
            rows.append([
                cell.title, server.title,
                value_in(summaries, cell, server.name, COST, thousands),
                NOTHING if per_second is None else count(1e9 / per_second),
                NOTHING if ratios is None
                else f"{ratios[0]:.2f} ({ratios[1]:.2f} to {ratios[2]:.2f})"])
    return markdown(["N / senders / bytes", "protocol", "per CPU-second", "ns each",
                     "times native's"], rows)


def memory_table(runs, summaries, cells, servers):
    """A line for each protocol; a column for each cell."""
    def shown(cell, server):
        value = value_in(summaries, cell, server.name, "idle_bytes", count)
        factor = None
        if server.name != NATIVE:
            factor = ratio(runs, cell, server.name, NATIVE, "idle_bytes")
        return value if factor is None else f"{value} · {factor:.2f}"

    return markdown(["protocol", *(cell.title for cell in cells)],
                    [[server.title, *(shown(cell, server) for cell in cells)]
                     for server in servers])


def verdicts(runs, cells):
    """Whether the bound protocols cost little enough in the measured cells: a list of lines."""
    lines = []
    for cell in cells:
        for server in BOUND:
            if ratios := cost_ratios(runs, cell, server):
                verdict = "met" if ratios[0] <= FACTOR_MOST else "**missed**"
                lines.append(f"- {_PROTOCOLS[server][0]}, {cell.title}: at most "
                             f"{FACTOR_MOST:.2f} times native's CPU time wanted, "
                             f"{ratios[0]:.2f} measured: {verdict}.")
    return lines
