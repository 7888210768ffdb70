"""From many runs to one number for each server, cell and figure."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A median over rounds, with the extremes."""

    median: float
    least: float
    most: float
    runs: int


@dataclass(frozen=True)
class Summary:
    """What all runs of one server in one cell came to."""

    figures: dict  # name -> Figure
    payload_bytes: int
    runs: int
    failed: int  # runs without a figure
    broken: int  # runs that lost, doubled, reordered or corrupted messages
    invalid: int  # runs in which the generator was the limit
    errors: tuple  # different ones


def summarize(runs):
    """{(cell's name, server's name): Summary}"""
    grouped = {}
    for run in runs:
        grouped.setdefault((run.cell, run.server), []).append(run)
    return {key: _summary_of(group) for key, group in grouped.items()}


def _summary_of(runs):
    values = {}
    for run in runs:
        for name, value in run.figures.items():
            values.setdefault(name, []).append(value)
    figures = {
        name: Figure(median(found), min(found), max(found), len(found))
        for name, found in values.items()
    }
    return Summary(
        figures,
        runs[0].payload_bytes,
        len(runs),
        failed=sum(1 for run in runs if not run.figures),
        broken=sum(1 for run in runs if not run.intact),
        invalid=sum(1 for run in runs if not run.valid),
        errors=tuple(dict.fromkeys(run.error for run in runs if run.error)),
    )


def median_of(summaries, cell, server, figure):
    """The median, or None where there is none."""
    summary = summaries.get((cell.name, server))
    found = summary.figures.get(figure) if summary else None
    return found.median if found else None


def ratio(runs, cell, server, other, figure):
    """The median, over the rounds in which both were measured, of server's figure by other's. In a
    round both had the same neighbours, so this varies less than the figures do. None: no round."""
    found = {}
    for run in runs:
        if run.cell == cell.name and run.server in (server, other) and figure in run.figures:
            found.setdefault(run.round, {})[run.server] = run.figures[figure]
    ratios = [both[server] / both[other] for both in found.values()
              if server in both and both.get(other)]
    return median(ratios) if ratios else None
