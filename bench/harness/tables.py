"""Markdown tables of medians."""

import math

from harness.summary import median_of, ratio

NOTHING = "–"


def count(value):
    return f"{value:,.0f}"


def thousands(value):
    """12,345,678 as 12,346; below a hundred thousand with a digit more."""
    return f"{value / 1000:,.0f}" if value >= 100_000 else f"{value / 1000:,.1f}"


def milliseconds(value_ns):
    return f"{value_ns / 1e6:.2f}"


def megabytes(value):
    return f"{value / 1e6:.1f}"


def percent(value):
    """Rounded down: what misses a target by a little does not look like it."""
    return f"{math.floor(value * 100 + 1e-9)} %"


def markdown(header, rows):
    """The first column is text, the others are numbers."""
    rule = ["---"] + ["--:"] * (len(header) - 1)
    lines = ["| " + " | ".join(cells) + " |" for cells in ([*header], *rows)]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def value_in(summaries, cell, server, figure, show):
    """One cell of a table: the median, with what a reader must know about it."""
    summary = summaries.get((cell.name, server))
    if summary is None:
        return NOTHING
    if figure not in summary.figures:
        return "failed" if summary.failed else NOTHING
    shown = show(summary.figures[figure].median)
    if summary.payload_bytes != cell.bytes:
        shown += f" ({summary.payload_bytes} B)"
    if summary.failed:
        shown += f" ({summary.runs - summary.failed} of {summary.runs} runs)"
    if is_late(cell.name, summary):
        shown += " ‡"
    return shown + (" †" if summary.broken else "")


def is_late(cell, summary):
    """Whether the generator's being the limit makes the figures worth less. In a closed loop it is
    as it should be: the server's CPU time per delivery is right all the same."""
    return summary.invalid > 0 and not cell.startswith(("saturated:", "one:"))


def closed_loop_table(runs, summaries, cells, servers, yardstick):
    """Deliveries per CPU-second, and what share of the yardstick's that is."""
    def shown(cell, server):
        return value_and_share(runs, summaries, cell, server.name, "deliveries_per_cpu_second",
                               thousands, yardstick)

    return markdown(["server", *(cell.title for cell in cells)],
                    [[server.title, *(shown(cell, server) for cell in cells)]
                     for server in servers])


def value_and_share(runs, summaries, cell, server, figure, show, yardstick):
    """As value_in, with the share of the yardstick's figure in the same rounds."""
    value = value_in(summaries, cell, server, figure, show)
    share = None
    if server != yardstick:
        share = ratio(runs, cell, server, yardstick, figure)
    return value if share is None else f"{value} · {percent(share)}"


def throughput_table(runs, summaries, cells, servers, yardstick):
    """A line for each server in each cell: what a second of its CPU time delivers, of all of it and
    of its busiest thread's, and messages per second; each with the share of the yardstick's."""
    columns = (("deliveries_per_cpu_second", thousands),
               ("deliveries_per_busiest_thread_second", thousands),
               ("messages_per_second", count))
    rows = [[cell.title, server.title,
             *(value_and_share(runs, summaries, cell, server.name, figure, show, yardstick)
               for figure, show in columns)] for cell in cells for server in servers]
    return markdown(["N / senders / bytes", "server", "per CPU-second",
                     "per CPU-second of the busiest thread", "messages/s"], rows)


def acked_table(summaries, cells, servers):
    """A line for each server in each cell: percentiles to the deliveries, to acknowledgements."""
    figures = ("p50_ns", "p99_ns", "ack_p50_ns", "ack_p99_ns")
    rows = [[cell.title, server.title,
             *(value_in(summaries, cell, server.name, figure, milliseconds)
               for figure in figures)] for cell in cells for server in servers]
    return markdown(["N / senders / bytes", "server", "delivery p50", "p99",
                     "acknowledgement p50", "p99"], rows)


def stalled_table(summaries, cells, server):
    """One server, a line for each cell: what the others got, what it took, how the stalled caught
    up."""
    columns = (("p50_ns", milliseconds), ("p99_ns", milliseconds),
               ("deliveries_per_cpu_second", thousands), ("memory_peak_bytes", megabytes),
               ("behind_bytes", megabytes), ("catching_up_messages_per_second", count),
               ("catching_up_bytes_per_second", megabytes))
    rows = [[cell.title, *(value_in(summaries, cell, server, figure, show)
                           for figure, show in columns)] for cell in cells]
    return markdown(["N / senders / bytes", "p50", "p99", "per CPU-second", "memory, MB",
                     "behind, MB", "catching up, messages/s", "MB/s"], rows)


def fixed_rate_table(summaries, cells, servers):
    """p50 and p99 of the corrected latency, and how far the members' means lie apart."""
    header = ["server"]
    for cell in cells:
        header += [f"{cell.title}: p50", "p99", "spread"]
    rows = []
    for server in servers:
        row = [server.title]
        for cell in cells:
            row += [value_in(summaries, cell, server.name, figure, milliseconds)
                    for figure in ("p50_ns", "p99_ns", "spread_ns")]
        rows.append(row)
    return markdown(header, rows)


def idle_table(summaries, cells, servers):
    header = ["server"]
    for cell in cells:
        header += [f"{cell.title}: registrations/s", "bytes per idle client"]
    rows = []
    for server in servers:
        row = [server.title]
        for cell in cells:
            def show(value, server=server):
                slowed = server.connects_per_second
                return f"(only {slowed:,} asked)" if slowed else count(value)
            row += [value_in(summaries, cell, server.name, "registrations_per_second", show),
                    value_in(summaries, cell, server.name, "idle_bytes", count)]
        rows.append(row)
    return markdown(header, rows)


def remarks(summaries, servers):
    """What is particular to each server, and what went wrong with it: a list of lines."""
    lines = []
    for server in servers:
        own = {cell: summary for (cell, name), summary in summaries.items() if name == server.name}
        said = [*server.notes]
        if broken := _where(own, lambda summary: summary.broken):
            said.append(f"† messages were lost, doubled, reordered or corrupted in {broken}")
        late = {cell: summary for cell, summary in own.items() if is_late(cell, summary)}
        if invalid := _where(late, lambda summary: summary.invalid):
            said.append(f"‡ the generator was the limit in {invalid}")
        for error in dict.fromkeys(e for summary in own.values() for e in summary.errors):
            cells = ", ".join(cell for cell, summary in own.items() if error in summary.errors)
            said.append(f"failed in {cells}: {error}")
        if said:
            lines.append(f"- {server.title}: {'; '.join(said)}.")
    return lines


def _where(summaries, count_of):
    """As in "2 of 5 runs of one:500/1/64, 1 of 5 runs of …"; empty if nowhere."""
    return ", ".join(f"{count_of(summary)} of {summary.runs} runs of {cell}"
                     for cell, summary in summaries.items() if count_of(summary))


def latency_table(summaries, cells, server):
    """One server, a line for each cell: percentiles of the corrected latency."""
    figures = ("p50_ns", "p99_ns", "p999_ns", "spread_ns")
    rows = [[cell.title, *(value_in(summaries, cell, server, figure, milliseconds)
                           for figure in figures)] for cell in cells]
    return markdown(["N / senders / bytes", "p50", "p99", "p99.9", "spread"], rows)


def cost_table(summaries, cells, server):
    """One server, a line for each cell: deliveries per CPU-second, with the extremes."""
    rows = []
    for cell in cells:
        summary = summaries.get((cell.name, server))
        figure = summary.figures.get("deliveries_per_cpu_second") if summary else None
        if figure is None:
            rows.append([cell.title, "failed" if summary else NOTHING, NOTHING, NOTHING])
        else:
            mark = " †" if summary.broken else ""
            rows.append([cell.title, thousands(figure.median) + mark, thousands(figure.least),
                         thousands(figure.most)])
    return markdown(["N / senders / bytes", "median", "slowest run", "fastest run"], rows)


def best_of(summaries, cell, servers, figure, least):
    """(value, server) of the best median, least or greatest; (None, None) if there is none."""
    found = [(median_of(summaries, cell, server.name, figure), server) for server in servers]
    found = [pair for pair in found if pair[0] is not None]
    if not found:
        return None, None
    return (min if least else max)(found, key=lambda pair: pair[0])
