"""The kinds of work that are measured, and what they are called."""

import re
from dataclasses import dataclass

IN_FLIGHT_MAX = 128
STALLED_PERCENT = 4


@dataclass(frozen=True)
class Cell:
    """One piece of work. kind: saturated (closed loop, many messages in flight), one (closed loop,
    one message in flight), fixed (open loop at a rate), acked (the same, and the sender asks for
    acknowledgements), stalled (the same as fixed, but some members read nothing for a while, again
    and again), steady (what to compare that with: as long, and nobody stalls), idle (clients that
    only come and stay)."""

    kind: str
    clients: int
    senders: int = 1
    bytes: int = 64
    messages_per_second: int = 0

    @property
    def name(self):
        """As --cells takes it, in full."""
        if self.kind == "idle":
            return f"idle:{self.clients}"
        rate = f"@{self.messages_per_second}" if self.messages_per_second else ""
        return f"{self.kind}:{self.clients}/{self.senders}/{self.bytes}{rate}"

    @property
    def title(self):
        """As a person reads it, within a table of its kind."""
        if self.kind == "idle":
            return f"{self.clients:,} clients"
        shape = f"{self.clients:,} / {self.senders} / {self.bytes}"
        if self.messages_per_second:
            shape += f" at {self.messages_per_second} messages/s"
        if self.kind == "stalled":
            shape += f", {self.clients * STALLED_PERCENT // 100} stalled"
        return shape

    def window(self):
        return {"saturated": IN_FLIGHT_MAX, "one": 1}.get(self.kind, 0)


@dataclass(frozen=True)
class Pace:
    """How long the runs of each kind take, in seconds."""

    closed_s: float
    fixed_s: float
    idle_s: float
    warm_up_s: float
    steady_s: float  # stalled, too
    stall_s: float  # of it, how long nothing is read at a time

    def seconds_of(self, cell):
        return {"fixed": self.fixed_s, "acked": self.fixed_s, "idle": self.idle_s,
                "steady": self.steady_s, "stalled": self.steady_s}.get(cell.kind, self.closed_s)


# A server gives back what logins needed within two seconds of quiet; idle waits for that.
# Nobody stalls for so long that the server would close them.
FULL = Pace(closed_s=3, fixed_s=10, idle_s=5, warm_up_s=1, steady_s=30, stall_s=20)
QUICK = Pace(closed_s=1, fixed_s=3, idle_s=4, warm_up_s=0.5, steady_s=6, stall_s=4)

COMPARE_CELLS = (
    Cell("saturated", 100, 1, 64),
    Cell("saturated", 500, 1, 64),
    Cell("saturated", 500, 10, 64),
    Cell("saturated", 1000, 1, 64),
    Cell("saturated", 1000, 10, 64),
    Cell("saturated", 500, 1, 512),
    Cell("saturated", 500, 10, 512),
    Cell("saturated", 1000, 1, 512),
    Cell("saturated", 1000, 10, 512),
    Cell("one", 500),
    Cell("one", 1000),
    Cell("fixed", 500, messages_per_second=20),
    Cell("fixed", 500, messages_per_second=100),
    Cell("idle", 10_000),
)

# Somebody must only listen.
_SHAPES = [(n, min(s, n - 1), b) for n in (10, 100, 500, 1000) for b in (64, 512) for s in (1, 10)]
FANOUT_CELLS = (
    *(Cell("saturated", n, s, b) for n, s, b in _SHAPES),
    *(Cell("fixed", n, s, b, rate) for n, s, b in _SHAPES for rate in (20, 100)),
    Cell("idle", 1000),
    Cell("idle", 10_000),
)

# What the shorter messages of the two rooms come to in a stall, the system's buffers hold; the
# longer ones it has to leave with the server.
DURABILITY_CELLS = (
    Cell("saturated", 500, 1, 64),
    Cell("saturated", 500, 10, 64),
    Cell("saturated", 500, 1, 512),
    Cell("one", 500),
    Cell("acked", 500, messages_per_second=20),
    Cell("acked", 500, messages_per_second=100),
    Cell("acked", 500, 10, messages_per_second=200),
    *(Cell(kind, 500, bytes=size, messages_per_second=100)
      for size in (1000, 4000) for kind in ("steady", "stalled")),
)


PROTOCOL_CELLS = (
    Cell("idle", 1000),
    Cell("saturated", 500, 1, 64),
    Cell("saturated", 500, 10, 64),
    Cell("fixed", 500, 1, 64, 5000),
    Cell("fixed", 500, 10, 64, 5000),
    Cell("one", 500),
)


def select_cells(cells, patterns):
    """Those whose name begins with the parts of one of the patterns (saturated, saturated:500,
    saturated:500/10); all if there are none. Raises ValueError for a pattern that means none."""
    def is_meant(cell, pattern):
        return re.fullmatch(re.escape(pattern) + r"([:/@].*)?", cell.name) is not None

    for pattern in patterns:
        if not any(is_meant(cell, pattern) for cell in cells):
            raise ValueError(f"no cell's name begins with {pattern!r}")
    return [cell for cell in cells if not patterns or any(is_meant(cell, p) for p in patterns)]
