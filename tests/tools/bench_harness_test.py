#!/usr/bin/env python3
"""Tests what the programs of bench/ compute and write. Measures nothing."""

import importlib.machinery
import importlib.util
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from dataclasses import asdict, replace
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from harness import (  # noqa: E402
    cells, chart, loadgen, machine, protocols, servers, siege, summary, tables, targets)
from harness.cells import Cell, Pace  # noqa: E402
from harness.loadgen import Run  # noqa: E402
from harness.rounds import (  # noqa: E402
    CannotResume, measure_rounds, planned, read_json, rotated, write_json)

COST = "deliveries_per_cpu_second"
BUSIEST = "deliveries_per_busiest_thread_second"
SATURATED = Cell("saturated", 500, 10, 64)
FIXED = Cell("fixed", 500, messages_per_second=100)
IDLE = Cell("idle", 10_000)
ACKED = Cell("acked", 500, 10, messages_per_second=500)
STEADY = Cell("steady", 500, bytes=1000, messages_per_second=100)
STALLED = Cell("stalled", 500, bytes=1000, messages_per_second=100)
PACE = Pace(closed_s=3, fixed_s=10, idle_s=5, warm_up_s=1, steady_s=30, stall_s=20)
LOADGEN = os.environ.get("CHAT_LOADGEN", "")
EXIT_COULD_NOT_RUN = 1  # nobody listens there
SERVERS = {server.name: server for server in servers.all_servers(ROOT)}


def run(cell, server, round_number=0, **figures):
    return Run(cell.name, server, round_number, cell.bytes, figures)


def targets_of(runs, cell):
    found = targets.check_targets(runs, summary.summarize(runs), [cell], list(SERVERS.values()))
    return {(target.name, target.wanted): target for target in found}


class RunningStub:
    """A server that is spoken of, not started."""

    def __init__(self, name):
        self.server = SERVERS[name]
        self.pid = 4711
        self.target = f"{self.server.scheme}://127.0.0.1:9"


class CellsTest(unittest.TestCase):
    def test_no_pattern_selects_all(self):
        self.assertEqual(cells.select_cells(cells.COMPARE_CELLS, []), list(cells.COMPARE_CELLS))

    def test_pattern_selects_what_begins_with_it(self):
        found = cells.select_cells(cells.COMPARE_CELLS, ["saturated:1000", "idle"])
        self.assertEqual({cell.name for cell in found},
                         {"saturated:1000/1/64", "saturated:1000/10/64", "saturated:1000/1/512",
                          "saturated:1000/10/512", "idle:10000"})

    def test_numbers_are_taken_whole(self):
        found = cells.select_cells(cells.FANOUT_CELLS, ["saturated:10", "idle:1000"])
        self.assertEqual({cell.clients for cell in found}, {10, 1000})
        self.assertNotIn("idle:10000", {cell.name for cell in found})

    def test_pattern_that_means_nothing_is_an_error(self):
        with self.assertRaises(ValueError):
            cells.select_cells(cells.COMPARE_CELLS, ["staurated"])

    def test_somebody_only_listens(self):
        for cell in (*cells.COMPARE_CELLS, *cells.FANOUT_CELLS, *cells.DURABILITY_CELLS):
            self.assertLess(cell.senders, cell.clients, cell.name)

    def test_names_are_different(self):
        for suite in (cells.COMPARE_CELLS, cells.FANOUT_CELLS, cells.DURABILITY_CELLS):
            self.assertEqual(len({cell.name for cell in suite}), len(suite))

    def test_name_and_title_tell_rate_and_who_stalls(self):
        self.assertEqual((STEADY.name, STALLED.name),
                         ("steady:500/1/1000@100", "stalled:500/1/1000@100"))
        self.assertEqual(STEADY.title, "500 / 1 / 1000 at 100 messages/s")
        self.assertEqual(STALLED.title, "500 / 1 / 1000 at 100 messages/s, 20 stalled")

    def test_rooms_with_and_without_stalls_last_as_long(self):
        self.assertEqual([PACE.seconds_of(cell) for cell in (ACKED, STEADY, STALLED)],
                         [10, 30, 30])


class CommandTest(unittest.TestCase):
    def words(self, server, cell):
        return loadgen.command("chat-loadgen", RunningStub(server), cell, PACE, "out.json")

    def test_saturated_keeps_128_in_flight(self):
        words = self.words("ours", SATURATED)
        self.assertEqual(words[1], "native://127.0.0.1:9")
        self.assertEqual(words[words.index("--window") + 1], "128")
        self.assertIn("--closed-loop", words)
        self.assertNotIn("--rate", words)

    def test_fixed_rate_spins_in_an_open_loop(self):
        words = self.words("redis", FIXED)
        self.assertEqual(words[words.index("--rate") + 1], "100")
        self.assertIn("--spin", words)
        self.assertNotIn("--closed-loop", words)

    def test_irc_payloads_are_shorter(self):
        words = self.words("ngircd", Cell("saturated", 500, 10, 512))
        self.assertEqual(words[words.index("--size") + 1], "400")

    def test_idle_clients_send_nothing(self):
        for word in ("--senders", "--size", "--rate", "--window"):
            self.assertNotIn(word, self.words("ours", IDLE))

    def test_acknowledgements_are_asked_for_in_an_open_loop(self):
        words = self.words("ours-sync", ACKED)
        self.assertIn("--ack", words)
        self.assertEqual(words[words.index("--rate") + 1], "500")
        self.assertNotIn("--ack", self.words("ours", FIXED))

    def test_stalls_are_all_that_sets_the_two_rooms_apart(self):
        stalled = self.words("ours-commit", STALLED)
        self.assertEqual(stalled[-4:], ["--slow-share", "4%", "--slow-for", "20000ms"])
        steady = ["slow-readers" if word == "fanout" else word
                  for word in self.words("ours-commit", STEADY)]
        self.assertEqual(steady, stalled[:-4])
        self.assertIn("slow-readers", steady)

    @unittest.skipUnless(os.path.exists(LOADGEN), "needs CHAT_LOADGEN, the program")
    def test_the_program_understands_every_command(self):
        for server in {server.scheme: server for server in SERVERS.values()}.values():
            for cell in (SATURATED, Cell("one", 500), FIXED, IDLE):
                self.assert_understood(server.name, cell)
        for cell in (ACKED, STEADY, STALLED):
            self.assert_understood("ours-commit", cell)

    def assert_understood(self, server, cell):
        running = RunningStub(server)
        running.pid = os.getpid()
        words = loadgen.command(LOADGEN, running, cell, PACE, os.devnull)
        ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, EXIT_COULD_NOT_RUN, ended.stderr)

    def test_small_backlog_is_spared(self):
        self.assertIn("--connect-rate", self.words("ngircd", IDLE))
        self.assertNotIn("--connect-rate", self.words("redis", IDLE))


class FiguresTest(unittest.TestCase):
    RESULT = {
        "reasons": [],
        "integrity": {"expected": 9, "delivered": 9, "lost": 0, "doubled": 0, "reordered": 0,
                      "corrupted": 0},
        "disagreement": "",
        "server": {COST: 12e6, "busiest_thread_seconds": 0.5, "memory_peak_bytes": 5e7},
        "registration": {"clients": 10_000, "seconds": 0.5},
        "total": {
            "sent": 300,
            "delivered": 8e6,
            "seconds": 3,
            "latency": {"corrected": {"p50_ns": 1, "p99_ns": 2, "p999_ns": 3}},
            "acks": {"corrected": {"p50_ns": 4, "p99_ns": 5}},
        },
        "fairness": {"fastest_mean_ns": 10, "slowest_mean_ns": 25},
        # 40 times a quarter of a second: ten seconds of one reader.
        "slow_readers": {"behind_max": 2000, "catching_up": {"count": 40, "mean_ns": 250e6},
                         "messages": 60_000, "bytes": 63_000_000},
    }
    CLOSED_LOOP = {COST: 12e6, BUSIEST: 16e6, "messages_per_second": 100}
    OPEN_LOOP = {"p50_ns": 1, "p99_ns": 2, "p999_ns": 3, "spread_ns": 15, COST: 12e6}
    PEAK = {"memory_peak_bytes": 5e7}

    def test_each_kind_of_cell_has_its_figures(self):
        self.assertEqual(loadgen.figures_of(self.RESULT, SATURATED), self.CLOSED_LOOP)
        self.assertEqual(loadgen.figures_of(self.RESULT, FIXED), self.OPEN_LOOP)
        self.assertEqual(loadgen.figures_of(self.RESULT, IDLE),
                         {"registrations_per_second": 20_000})
        self.assertEqual(loadgen.figures_of(self.RESULT, ACKED),
                         {**self.OPEN_LOOP, "ack_p50_ns": 4, "ack_p99_ns": 5})
        self.assertEqual(loadgen.figures_of(self.RESULT, STEADY), {**self.OPEN_LOOP, **self.PEAK})
        self.assertEqual(loadgen.figures_of(self.RESULT, STALLED),
                         {**self.OPEN_LOOP, **self.PEAK, "behind_bytes": 2_100_000,
                          "catching_up_messages_per_second": 6000,
                          "catching_up_bytes_per_second": 6_300_000})

    def test_nobody_who_caught_up_has_no_speed(self):
        never = {**self.RESULT, "slow_readers": {
            "behind_max": 2000, "catching_up": {"count": 0, "mean_ns": 0}, "messages": 0,
            "bytes": 0}}
        self.assertEqual(loadgen.figures_of(never, STALLED), {**self.OPEN_LOOP, **self.PEAK})

    def test_a_lost_message_breaks_integrity(self):
        lost = {**self.RESULT, "integrity": {**self.RESULT["integrity"], "lost": 1}}
        self.assertTrue(loadgen.is_intact(self.RESULT))
        self.assertFalse(loadgen.is_intact(lost))

    def test_disagreement_about_the_order_breaks_integrity(self):
        self.assertFalse(loadgen.is_intact({**self.RESULT, "disagreement": "a saw 2 before 1"}))

    def test_a_run_that_the_generator_limited_keeps_its_figure_and_says_so(self):
        taken = run(SATURATED, "ours")
        loadgen.take_result(taken, {**self.RESULT, "reasons": ["too slow"]},
                            loadgen.EXIT_INVALID, SATURATED)
        self.assertEqual((taken.valid, taken.intact, taken.reasons), (False, True, ["too slow"]))
        self.assertEqual(taken.figures, self.CLOSED_LOOP)


class SummaryTest(unittest.TestCase):
    def test_median_is_of_the_runs_with_a_figure(self):
        runs = [run(SATURATED, "ours", i, **{COST: value}) for i, value in enumerate((5, 1, 3))]
        runs.append(Run(SATURATED.name, "ours", 3, error="gone"))
        found = summary.summarize(runs)[(SATURATED.name, "ours")]
        self.assertEqual(found.figures[COST], summary.Figure(3, 1, 5, 3))
        self.assertEqual((found.runs, found.failed, found.errors), (4, 1, ("gone",)))

    def test_ratio_compares_within_rounds(self):
        # The second round had a slow machine: the ratio does not care.
        runs = [run(SATURATED, "ours", 0, **{COST: 90}), run(SATURATED, "limit", 0, **{COST: 100}),
                run(SATURATED, "ours", 1, **{COST: 9}), run(SATURATED, "limit", 1, **{COST: 10}),
                run(SATURATED, "ours", 2, **{COST: 1000})]
        self.assertAlmostEqual(summary.ratio(runs, SATURATED, "ours", "limit", COST), 0.9)

    def test_ratio_without_a_common_round_is_none(self):
        runs = [run(SATURATED, "ours", 0, **{COST: 90}), run(SATURATED, "limit", 1, **{COST: 100})]
        self.assertIsNone(summary.ratio(runs, SATURATED, "ours", "limit", COST))

    def test_every_server_comes_first_in_some_round(self):
        order = ["a", "b", "c"]
        self.assertEqual({rotated(order, i)[0] for i in range(3)}, set(order))
        self.assertEqual(sorted(rotated(order, 4)), order)


class RoundsTest(unittest.TestCase):
    SERVERS = [SERVERS["ours"], SERVERS["limit"]]

    def test_every_round_measures_every_server_in_every_cell(self):
        plan = planned(self.SERVERS, [SATURATED, FIXED], 3)
        self.assertEqual(len(plan), 3 * 2 * 2)
        self.assertEqual([server.name for _, _, server in plan[:2]], ["ours", "limit"])
        self.assertEqual([server.name for _, _, server in plan[4:6]], ["limit", "ours"])

    def test_resumed_measures_what_is_missing(self):
        runs = [run(SATURATED, "ours", 0, **{COST: 90}), run(SATURATED, "limit", 0, **{COST: 100})]
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "runs.json"
            self.assertEqual(read_json(path, PACE), [])
            write_json(path, runs, {"pace": asdict(PACE)})
            self.assertEqual(read_json(path, PACE), runs)
            with self.assertRaises(CannotResume):
                read_json(path, replace(PACE, closed_s=1))
        seen = []
        with mock.patch("harness.rounds.say"), \
             mock.patch("harness.rounds.measure_once",
                        lambda server, cell, pace, number, cores: run(cell, server.name, number)):
            all_runs = measure_rounds(self.SERVERS, [SATURATED], 2, PACE,
                                      lambda so_far: seen.append(len(so_far)), runs)
        self.assertEqual(all_runs[:2], runs)
        self.assertEqual([(one.server, one.round) for one in all_runs[2:]],
                         [("limit", 1), ("ours", 1)])
        self.assertEqual(seen, [3, 4])


class TablesTest(unittest.TestCase):
    def table(self, runs, names=("ours", "limit")):
        return tables.closed_loop_table(runs, summary.summarize(runs), [SATURATED],
                                        [SERVERS[name] for name in names], "limit")

    def test_rows_have_as_many_columns_as_the_header(self):
        runs = [run(SATURATED, "ours", **{COST: 9e6}), run(SATURATED, "limit", **{COST: 10e6})]
        lines = self.table(runs).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {3})
        self.assertEqual(lines[2], "| chat-server | 9,000 · 90 % |")
        self.assertEqual(lines[3], "| the limit | 10,000 |")

    def test_broken_integrity_is_marked_and_explained(self):
        broken = run(SATURATED, "redis", **{COST: 9e6})
        broken.intact = False
        self.assertIn("9,000 †", self.table([broken], ("redis",)))
        remarks = tables.remarks(summary.summarize([broken]), [SERVERS["redis"]])
        self.assertTrue(any("1 of 1 runs" in line for line in remarks))

    def test_shorter_payloads_are_marked(self):
        shorter = run(SATURATED, "ngircd", **{COST: 9e6})
        shorter.payload_bytes = 48
        self.assertIn("9,000 (48 B)", self.table([shorter], ("ngircd",)))

    def test_failure_is_not_a_number(self):
        failed = Run(SATURATED.name, "nats", 0, error="chat-loadgen: exit code 1")
        self.assertIn("| NATS | failed |", self.table([failed], ("nats",)))

    def test_the_same_failure_is_told_once(self):
        failed = [Run(cell.name, "redis", 0, error="gone") for cell in (SATURATED, FIXED)]
        remarks = tables.remarks(summary.summarize(failed), [SERVERS["redis"]])
        self.assertEqual(remarks,
                         [f"- Redis: failed in {SATURATED.name}, {FIXED.name}: gone."])

    def test_what_was_not_measured_is_a_dash(self):
        self.assertIn("| Redis | – |", self.table([], ("redis",)))

    def test_other_tables_are_rectangular(self):
        runs = [run(FIXED, "ours", p50_ns=1e6, p99_ns=2e6, p999_ns=3e6, spread_ns=1e5),
                run(IDLE, "ours", registrations_per_second=20_000, idle_bytes=680),
                run(SATURATED, "ours", **{COST: 9e6})]
        found = summary.summarize(runs)
        ours = [SERVERS["ours"], SERVERS["ngircd"]]
        for table in (tables.fixed_rate_table(found, [FIXED], ours),
                      tables.idle_table(found, [IDLE], ours),
                      tables.latency_table(found, [FIXED], "ours"),
                      tables.cost_table(found, [SATURATED], "ours")):
            self.assertEqual(len({line.count("|") for line in table.splitlines()}), 1, table)

    def test_throughput_is_set_beside_the_yardsticks_in_the_same_rounds(self):
        runs = [run(SATURATED, "ours", **{COST: 10e6, BUSIEST: 10e6, "messages_per_second": 8000}),
                run(SATURATED, "ours-sync", **{COST: 5e6, BUSIEST: 9e6,
                                               "messages_per_second": 2000})]
        table = tables.throughput_table(runs, summary.summarize(runs), [SATURATED],
                                        [SERVERS["ours"], SERVERS["ours-sync"]], "ours")
        self.assertEqual(table.splitlines()[2:], [
            "| 500 / 10 / 64 | chat-server | 10,000 | 10,000 | 8,000 |",
            "| 500 / 10 / 64 | chat-server --durability sync | 5,000 · 50 % | 9,000 · 90 % "
            "| 2,000 · 25 % |"])

    def test_acknowledgements_stand_beside_deliveries(self):
        runs = [run(ACKED, "ours-sync", p50_ns=1e6, p99_ns=2e6, ack_p50_ns=3e6, ack_p99_ns=4e6)]
        table = tables.acked_table(summary.summarize(runs), [ACKED], [SERVERS["ours-sync"]])
        self.assertTrue(table.endswith("sync | 1.00 | 2.00 | 3.00 | 4.00 |"), table)

    def test_a_steady_room_has_nobody_who_catches_up(self):
        both = {"p50_ns": 1e6, "p99_ns": 2e6, COST: 150e3, "memory_peak_bytes": 58e6}
        runs = [run(STEADY, "ours-commit", **both),
                run(STALLED, "ours-commit", **both, behind_bytes=8e6,
                    catching_up_messages_per_second=2500, catching_up_bytes_per_second=10e6)]
        lines = tables.stalled_table(summary.summarize(runs), [STEADY, STALLED],
                                     "ours-commit").splitlines()
        self.assertEqual(lines[2:], [
            f"| {STEADY.title} | 1.00 | 2.00 | 150 | 58.0 | – | – | – |",
            f"| {STALLED.title} | 1.00 | 2.00 | 150 | 58.0 | 8.0 | 2,500 | 10.0 |"])
        self.assertEqual({line.count("|") for line in lines}, {9})

    def test_invalid_latencies_are_remarked_and_invalid_costs_are_not(self):
        late = run(FIXED, "ours", p50_ns=1)
        late.valid = False
        full = run(SATURATED, "ours", **{COST: 1})
        full.valid = False
        remarks = tables.remarks(summary.summarize([late, full]), [SERVERS["ours"]])
        self.assertEqual(len(remarks), 1)
        self.assertIn("1 of 1 runs of " + FIXED.name, remarks[0])
        self.assertNotIn(SATURATED.name, remarks[0])


class ProtocolsTest(unittest.TestCase):
    ONE = Cell("one", 500)
    SERVERS = {server.name: server for server in protocols.protocol_servers(ROOT)}

    def runs(self, **costs):
        return [run(self.ONE, name, number, **{COST: value})
                for name, values in costs.items() for number, value in enumerate(values)]

    def test_costs_are_set_beside_native_ones_in_the_same_rounds(self):
        runs = self.runs(native=(100e3, 50e3, 80e3), irc=(80e3, 50e3, 64e3))
        self.assertEqual(protocols.cost_ratios(runs, self.ONE, "irc"), (1.25, 1.0, 1.25))
        self.assertIsNone(protocols.cost_ratios(runs, self.ONE, "ws"))
        table = protocols.fan_out_table(runs, summary.summarize(runs), [self.ONE],
                                        [self.SERVERS[name] for name in ("native", "irc", "ws")])
        self.assertEqual(table.splitlines()[2:], [
            "| 500 / 1 / 64 | native | 80.0 | 12,500 | – |",
            "| 500 / 1 / 64 | IRC | 64.0 | 15,625 | 1.25 (1.00 to 1.25) |",
            "| 500 / 1 / 64 | WebSocket | – | – | – |"])

    def test_what_is_bound_meets_or_misses_its_target(self):
        runs = self.runs(native=(110e3,), irc=(90e3,), ws=(100e3,), wss=(10e3,))
        said = protocols.verdicts(runs, [self.ONE])
        self.assertEqual(len(said), 2)
        self.assertTrue(said[0].endswith("1.10 measured: met."), said[0])
        self.assertTrue(said[1].endswith("1.22 measured: **missed**."), said[1])
        saturated = protocols.verdicts(
            [run(SATURATED, name, **{COST: cost}) for name, cost in (("native", 2e6), ("irc", 1e6))],
            [SATURATED])
        self.assertEqual(len(saturated), 1)
        self.assertTrue(saturated[0].endswith("2.00 measured: **missed**."), saturated[0])

    def test_memory_stands_beside_a_native_clients(self):
        runs = [run(IDLE, "native", idle_bytes=1000), run(IDLE, "ws", idle_bytes=1250)]
        table = protocols.memory_table(runs, summary.summarize(runs), [IDLE],
                                       [self.SERVERS["native"], self.SERVERS["ws"]])
        self.assertEqual(table.splitlines()[2:],
                         ["| native | 1,000 |", "| WebSocket | 1,250 · 1.25 |"])

    def test_generator_trusts_the_servers_own_certificate(self):
        for name, server in self.SERVERS.items():
            stub = RunningStub("ours")
            stub.server = server
            words = loadgen.command("chat-loadgen", stub, self.ONE, PACE, "out.json")
            self.assertEqual("--insecure" in words, name in ("tls", "wss", "ircs"), name)

    def test_secured_server_is_given_a_certificate(self):
        with tempfile.TemporaryDirectory() as directory, \
             mock.patch("harness.protocols.subprocess.run") as made:
            words = self.SERVERS["wss"].arguments(servers.Place(1, Path(directory)))
        made.assert_called_once()
        self.assertEqual(words[-4::2], ["--tls-cert", "--tls-key"])


class SiegeTest(unittest.TestCase):
    def test_handshake_is_one_that_a_server_has_to_answer(self):
        hello = siege.client_hello()
        self.assertEqual((hello[0], hello[1], hello[5]), (22, 3, 1))

    def test_all_are_opened_and_their_ends_are_noted(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(30)
            with siege.Siege(server.getsockname()[1], 2) as besieging:
                peers = [server.accept()[0] for _ in range(6)]
                self.assertTrue(besieging.wait_until_it_stands(30))
                for peer in peers:
                    peer.close()
                self.assertTrue(besieging.wait_until_it_ends(30), besieging.error)
        self.assertEqual({kind: (ended.opened, ended.ended)
                          for kind, ended in besieging.kinds.items()},
                         {"headers": (2, 2), "handshakes": (2, 2), "upgrades": (2, 2)})


class ChartTest(unittest.TestCase):
    ROWS = [chart.Bars("chat-server", (9e6, 2e5), ours=True), chart.Bars("A & <B>", (6e4, None))]

    def draw(self):
        return chart.bar_chart("Title", "axis", ["first", "second"], self.ROWS, tables.thousands)

    def test_is_well_formed_and_without_script(self):
        root = ElementTree.fromstring(self.draw())
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertFalse(list(root.iter("{http://www.w3.org/2000/svg}script")))

    def test_labels_are_shown_as_they_are(self):
        texts = [text.text for text in ElementTree.fromstring(self.draw()).iter(
            "{http://www.w3.org/2000/svg}text")]
        self.assertIn("A & <B>", texts)

    def test_longer_bars_are_for_more_and_all_fit(self):
        bars = re.findall(r'<rect class="bar(\d)(?: pale)?" x="240" y="\d+" width="([\d.]+)"',
                          self.draw())
        widths = [float(width) for _, width in bars]
        self.assertEqual(len(widths), 3)  # a value is missing
        self.assertGreater(widths[0], widths[1])
        self.assertGreater(widths[1], widths[2])
        self.assertLess(chart.LABEL_WIDTH + max(widths), chart.WIDTH - chart.VALUE_WIDTH + 1)

    def test_a_decade_has_the_same_length_everywhere(self):
        rows = [chart.Bars(str(value), (value,)) for value in (1e4, 1e5, 1e6)]
        widths = [float(width) for width in re.findall(
            r'class="bar0 pale" x="240" y="\d+" width="([\d.]+)"',
            chart.bar_chart("t", "a", ["l"], rows, tables.thousands))]
        self.assertAlmostEqual(widths[2] - widths[1], widths[1] - 1, delta=1.1)

    def test_equal_values_can_be_drawn(self):
        rows = [chart.Bars("one", (1000,)), chart.Bars("other", (1000,))]
        ElementTree.fromstring(chart.bar_chart("t", "a", ["l"], rows, tables.thousands))

    def test_follows_the_readers_color_scheme(self):
        self.assertIn("prefers-color-scheme: dark", self.draw())


class MachineTest(unittest.TestCase):
    def test_file_system_is_that_of_the_nearest_mount(self):
        mounts = "a / ext4 rw 0 0\nb /var tmpfs rw 0 0\nc /var xfs rw 0 0\n"
        with mock.patch("harness.machine.Path.read_text", return_value=mounts):
            self.assertEqual(machine.file_system_of("/nowhere"), "ext4")
            self.assertEqual(machine.file_system_of("/var/nowhere/deep"), "xfs")


class DurabilityTest(unittest.TestCase):
    """Of the program itself: who is measured in what, and what the report is made of."""

    @classmethod
    def setUpClass(cls):
        loader = importlib.machinery.SourceFileLoader("durability",
                                                      str(ROOT / "bench" / "durability"))
        cls.program = importlib.util.module_from_spec(
            importlib.util.spec_from_loader("durability", loader))
        loader.exec_module(cls.program)

    def measured(self):
        plan = planned(self.program.servers_measured(), cells.DURABILITY_CELLS, 1)
        return [(cell, server.name) for _, cell, server in plan]

    def test_all_durabilities_are_measured_and_only_one_with_stalls(self):
        names = {}
        for cell, name in self.measured():
            names.setdefault(cell.kind, set()).add(name)
        each = {"ours", "ours-commit", "ours-sync"}
        self.assertEqual(names, {"saturated": each, "one": each, "acked": each,
                                 "steady": {"ours-commit"}, "stalled": {"ours-commit"}})

    def test_report_says_what_was_measured_where_messages_are_kept_and_what_failed(self):
        runs = [Run(cell.name, name, 0, error="gone") for cell, name in self.measured()]
        servers_there = self.program.servers_measured()
        report = self.program.report(runs, cells.DURABILITY_CELLS, servers_there, PACE)
        for part in ("Saturated", "One message a turn", "Acknowledgements", "Members who stall",
                     "Remarks"):
            self.assertIn(f"### {part}\n", report)
        self.assertIn("Messages are kept on ", report)
        self.assertEqual(report.count(": gone."), len(servers_there))
        only = self.program.report(runs, [STALLED], servers_there, PACE)
        self.assertNotIn("### Saturated", only)


class TargetsTest(unittest.TestCase):
    def saturated(self, ours, two_threads=None):
        runs = [run(SATURATED, "ours", **{COST: ours}), run(SATURATED, "limit", **{COST: 100})]
        if two_threads is not None:
            runs.append(run(SATURATED, "ours-2", **{COST: two_threads}))
        return targets_of(runs, SATURATED)

    def test_share_of_the_limit_decides(self):
        key = ("saturated 500 / 10 / 64", "at least 85 % of the limit")
        self.assertIs(self.saturated(85)[key].met, True)
        self.assertIs(self.saturated(84)[key].met, False)
        self.assertEqual(self.saturated(84)[key].got, "84 % of the limit")

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        key = ("saturated 500 / 10 / 64", "at least 3.0 times Redis")
        self.assertIsNone(self.saturated(85)[key].met)

    def test_two_threads_are_compared_with_one(self):
        key = ("saturated 500 / 10 / 64, 2 threads", "at least 85 % of one thread")
        self.assertIs(self.saturated(100, 86)[key].met, True)
        self.assertIs(self.saturated(100, 80)[key].met, False)

    def test_small_rooms_have_no_target(self):
        small = Cell("saturated", 100, 1, 64)
        runs = [run(small, "ours", **{COST: 1}), run(small, "limit", **{COST: 100})]
        self.assertEqual([target.met for target in targets_of(runs, small).values()], [True])

    def fixed(self, p50_ns, p99_ns):
        return list(targets_of([
            run(FIXED, "ours", p50_ns=p50_ns, p99_ns=p99_ns),
            run(FIXED, "ours-2", p50_ns=1, p99_ns=1),
            run(FIXED, "limit", p50_ns=1e6, p99_ns=1e6),
            run(FIXED, "libuv", p50_ns=1.05e6, p99_ns=4e6),
            run(FIXED, "redis", p50_ns=2e6, p99_ns=3e6)], FIXED).values())

    def test_latency_is_compared_with_the_limit_and_the_best_peer(self):
        self.assertEqual([t.met for t in self.fixed(1.04e6, 3e6)], [True, True, True, True])
        self.assertEqual([t.met for t in self.fixed(1.07e6, 3.1e6)], [True, False, False, True])
        self.assertEqual([t.met for t in self.fixed(1.2e6, 2e6)], [False, False, True, True])
        self.assertIn("libuv chat", self.fixed(1e6, 1e6)[1].wanted)
        self.assertIn("Redis", self.fixed(1e6, 1e6)[2].wanted)

    def test_registration_and_memory(self):
        def met(rate, size):
            found = targets_of([run(IDLE, "ours", registrations_per_second=rate, idle_bytes=size)],
                               IDLE)
            return [target.met for target in found.values()][:2]
        self.assertEqual(met(12_000, 1024), [True, True])
        self.assertEqual(met(11_999, 1025), [False, False])

    def test_a_lost_message_misses_a_target(self):
        broken = run(SATURATED, "ours", **{COST: 100})
        broken.intact = False
        found = targets_of([broken], SATURATED).values()
        self.assertIs([t.met for t in found if "every message" in t.name][0], False)

    def test_order_that_nobody_looked_at_is_neither_kept_nor_broken(self):
        for runs in ([run(SATURATED, "redis", **{COST: 100})],
                     [Run(SATURATED.name, "ours", 0, error="gone")]):
            found = targets_of(runs, SATURATED).values()
            self.assertIsNone([t.met for t in found if "every message" in t.name][0])

    def test_table_says_what_was_met(self):
        text = targets.targets_table(list(self.saturated(84).values()))
        self.assertIn("| at least 85 % of the limit | 84 % of the limit | **missed** |", text)
        self.assertIn("not measured", text)


if __name__ == "__main__":
    unittest.main()
