#include "tools/loadgen/report_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "tools/loadgen/report_facts.h"
#include "tools/loadgen/report_plots.h"
#include "tools/loadgen/report_text.h"
#include "tools/loadgen/svg_plot.h"
#include "tools/loadgen/units.h"

namespace loadgen {
namespace {

constexpr std::size_t kRoomsShown = 50;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light;--page:#fff;--ink:#1b2430;--soft:#5c6773;--faint:#e3e7ec;--panel:#f6f8fa;
--s0:#1d5fa6;--s1:#cf6a17;--s2:#5b7f8f;--good:#1f7a45;--bad:#b3261e;--warn:#94610a}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--page:#12161c;--ink:#e4e9ef;
--soft:#98a4b2;--faint:#2a323c;--panel:#1a2028;--s0:#6aaaf0;--s1:#f2a25c;--s2:#93b4c2;
--good:#5fc98b;--bad:#ff8a80;--warn:#e8b45a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1048px;margin:0 auto;padding:36px 32px 48px}
header{display:flex;justify-content:space-between;align-items:flex-start;gap:24px;
border-bottom:2px solid var(--ink);padding-bottom:18px}
header p{margin:2px 0 0;color:var(--soft)}
h1{font-size:27px;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:17px;margin:34px 0 10px}
h3{font-size:13px;margin:0 0 2px;font-weight:600}
.verdict{flex:none;max-width:44%;font-weight:600;padding:5px 13px;border:1.5px solid;
border-radius:6px;margin-top:3px}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.notes{margin:16px 0 0;padding:0;list-style:none}
.notes li{border-left:3px solid;padding:3px 12px;margin:6px 0;background:var(--panel)}
.notes span{color:var(--ink)}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin-top:22px}
.tile{background:var(--panel);border-radius:8px;padding:12px 14px}
.tile b{display:block;font-size:24px;line-height:1.25;font-weight:600;letter-spacing:-.01em}
.tile span{color:var(--soft);font-size:13px}
.tile .what{color:var(--ink);font-weight:600}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--faint);vertical-align:top}
th{font-weight:600;color:var(--soft)}
th:first-child,td:first-child{text-align:left;padding-left:0}
td:last-child,th:last-child{padding-right:0}
.facts td,.facts th{text-align:left}
.facts th{width:190px;color:var(--soft);font-weight:400}
.facts td{overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:1fr 1fr;gap:22px 24px}
figure{margin:0;break-inside:avoid}
.wide{margin-top:22px}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
.grid{stroke:var(--faint);stroke-width:1}
.frame{fill:none;stroke:var(--soft);stroke-width:1}
.tick,.axis,.legend{fill:var(--soft)}
.legend{fill:var(--ink)}
.line{fill:none;stroke-width:1.9;stroke-linejoin:round;stroke-linecap:butt}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1);stroke-dasharray:7 4}
.s2{stroke:var(--s2);stroke-dasharray:2 3}
.area{fill:var(--s0);opacity:.1}
.shade{fill:var(--soft);opacity:.09}
.note{color:var(--soft);font-size:13px;margin:8px 0 0}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{margin-top:34px;padding-top:10px;border-top:1px solid var(--faint);color:var(--soft);
font-size:13px}
@media (max-width:720px){.tiles{grid-template-columns:1fr 1fr}.plots{grid-template-columns:1fr}
main{padding:20px 16px}header{display:block}.verdict{display:inline-block;max-width:100%;
margin-top:12px}.scroll{overflow-x:auto}}
@page{size:A4;margin:14mm}
@media print{body{font-size:12px}main{max-width:none;padding:0}h1{font-size:22px}
h2{font-size:14px;margin:22px 0 8px;break-after:avoid}table{font-size:11.5px}
.tile,.notes li,.shade,.area{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.tile b{font-size:19px}.tile span{font-size:11px}.tile,tr{break-inside:avoid}
svg{font-size:13.5px}.facts th{width:150px}h3{font-size:11.5px}th,td{padding:4px 8px}
code,.note,footer{font-size:11px}.plots{gap:12px 20px}footer{margin-top:18px}
header{padding-bottom:12px}.tiles{margin-top:14px;gap:9px}.tile{padding:8px 11px}}
)";

std::string duration(std::uint64_t duration_ns) {
  return format_duration_ns(static_cast<double>(duration_ns));
}

std::string count(std::uint64_t number) { return format_count(static_cast<double>(number)); }

std::string bytes(std::uint64_t number) { return format_bytes(static_cast<double>(number)); }

// Collects the page. What comes from elsewhere is escaped here and nowhere else.
class Html {
 public:
  void markup(std::string_view markup) { html_ += markup; }

  void heading(std::string_view text) { fmt::format_to(out(), "<h2>{}</h2>\n", text); }

  void tile(std::string_view what, std::string_view figure, std::string_view more) {
    fmt::format_to(out(),
                   "<div class=\"tile\"><span class=\"what\">{}</span><b>{}</b><span>{}</span>"
                   "</div>\n",
                   escape_markup(what), escape_markup(figure), escape_markup(more));
  }

  void fact(std::string_view name, std::string_view value) {
    fmt::format_to(out(), "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape_markup(name),
                   escape_markup(value));
  }

  void note(std::string_view kind, std::string_view text) {
    fmt::format_to(out(), "<li class=\"{}\"><span>{}</span></li>\n", kind, escape_markup(text));
  }

  void row(std::initializer_list<std::string> cells, std::string_view tag = "td") {
    markup("<tr>");
    for (const std::string& cell : cells) {
      fmt::format_to(out(), "<{}>{}</{}>", tag, escape_markup(cell), tag);
    }
    markup("</tr>\n");
  }

  void figure(const Plot& plot) {
    fmt::format_to(out(), "<figure class=\"{}\"><h3>{}</h3>\n{}</figure>\n",
                   plot.wide ? "wide" : "", escape_markup(plot.title), to_svg(plot));
  }

  std::string take() { return std::move(html_); }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(html_); }

  std::string html_;
};

void add_header(Html& html, const Result& result) {
  const bool is_good = result.verdict == Verdict::kPassed;
  html.markup(
      fmt::format("<header><div><h1>{} · {}</h1>\n<p>{}</p>\n<p>{}</p></div>\n"
                  "<div class=\"verdict {}\">{}</div></header>\n",
                  escape_markup(result.target), escape_markup(result.workload),
                  escape_markup(result.machine), escape_markup(result.started_at),
                  is_good ? "good" : "bad", escape_markup(describe(result.verdict))));
  if (result.reasons.empty() && result.warnings.empty() && result.disagreement.empty()) {
    return;
  }
  html.markup("<ul class=\"notes\">\n");
  for (const std::string& reason : result.reasons) {
    html.note("bad", reason);
  }
  if (!result.disagreement.empty()) {
    html.note("bad", "Members disagree about the order of a room: " + result.disagreement);
  }
  for (const std::string& warning : result.warnings) {
    html.note("warn", warning);
  }
  html.markup("</ul>\n");
}

void add_tiles(Html& html, const Result& result) {
  const StageResult& total = result.total;
  const Histogram& latency = total.latency.corrected;
  html.markup("<section class=\"tiles\" aria-label=\"Key figures\">\n");
  html.tile("Deliveries", format_number(total.delivered_per_second()), "per second");
  std::string asked = "per second";
  if (result.closed_loop) {
    asked += ", closed loop";
  } else if (total.asked_per_second > 0) {
    asked += fmt::format(", {} asked", format_number(total.asked_per_second));
  }
  html.tile("Messages", format_number(total.sent_per_second()), asked);
  if (!total.acks.corrected.empty()) {
    html.tile("p99 of acknowledgements", duration(total.acks.corrected.percentile_ns(99)),
              fmt::format("median {}", duration(total.acks.corrected.percentile_ns(50))));
  }
  if (result.max_rate_kept > 0) {
    html.tile("Highest rate", format_number(result.max_rate_kept), "messages per second, kept");
  }
  if (!latency.empty()) {
    html.tile("Median latency", duration(latency.percentile_ns(50)), "corrected");
    html.tile("p99 latency", duration(latency.percentile_ns(99)),
              fmt::format("p99.9 {}", duration(latency.percentile_ns(99.9))));
  }
  const ServerUse& server = result.server;
  if (server.deliveries_per_cpu_second > 0) {
    html.tile("Efficiency", format_count(server.deliveries_per_cpu_second),
              "deliveries per server CPU-second");
  }
  if (server.pid != 0) {
    const bool is_per_connection = server.bytes_per_connection > 0;
    html.tile("Server memory", bytes(server.memory_peak_bytes),
              is_per_connection ? fmt::format("at most; {} per connection",
                                              format_bytes(server.bytes_per_connection))
                                : "at most");
  }
  html.tile(
      "Clients", count(result.registration.clients),
      result.registration.seconds > 0
          ? fmt::format("registered in {}", format_duration_ns(result.registration.seconds * 1e9))
          : "registered");
  const bool is_whole =
      result.integrity.intact() && result.disagreement.empty() && result.connections_lost == 0;
  html.tile("Integrity", is_whole ? "intact" : "broken",
            fmt::format("{} of {} delivered", count(result.integrity.delivered),
                        count(result.integrity.expected)));
  html.markup("</section>\n");
}

void add_distribution(Html& html, const std::string& name, const Histogram& histogram) {
  if (histogram.empty()) {
    return;
  }
  const auto at = [&](double percent) { return duration(histogram.percentile_ns(percent)); };
  html.row({name, at(50), at(90), at(99), at(99.9), at(99.99), duration(histogram.max_ns()),
            format_duration_ns(histogram.mean_ns()), count(histogram.count())});
}

void add_latency(Html& html, const Result& result) {
  const StageResult& total = result.total;
  html.heading("Latency");
  html.markup("<div class=\"scroll\"><table>\n");
  html.row({"", "p50", "p90", "p99", "p99.9", "p99.99", "max", "mean", "count"}, "th");
  add_distribution(html, "Corrected", total.latency.corrected);
  add_distribution(html, "Uncorrected", total.latency.uncorrected);
  add_distribution(html, "Generator’s lateness", total.lateness);
  add_distribution(html, "Registration", result.registration.latency);
  for (const Distribution& distribution : distributions_of_log(result)) {
    add_distribution(html, distribution.name, distribution.histogram);
  }
  html.markup(
      "</table></div>\n<p class=\"note\">Corrected latency counts from when a message was due, so "
      "that a server that stalls cannot hide it; uncorrected latency from when the message was "
      "sent.</p>\n");
  if (!total.latency.corrected.empty()) {
    html.figure(percentile_plot(total.latency));
  }
}

// Clients of several kinds in the same rooms, side by side.
void add_kinds(Html& html, const Result& result) {
  if (kinds_in(result) == 0) {
    return;
  }
  html.heading("Kinds of clients");
  html.markup("<div class=\"scroll\"><table>\n");
  html.row({"", "clients", "registration p50", "p99", "latency p50", "p99", "p99.9", "max",
            "delivered", "lost", "doubled", "out of order", "corrupted"},
           "th");
  for (std::size_t i = 0; i < kinds_in(result); ++i) {
    const KindResult& kind = result.kinds[i];
    const Histogram& latency = result.total.of_kinds[i].corrected;
    const Integrity& got = kind.integrity;
    html.row({kind.scheme, count(kind.clients), duration(kind.registration.percentile_ns(50)),
              duration(kind.registration.percentile_ns(99)), duration(latency.percentile_ns(50)),
              duration(latency.percentile_ns(99)), duration(latency.percentile_ns(99.9)),
              duration(latency.max_ns()), count(got.delivered), count(got.lost), count(got.doubled),
              count(got.reordered), count(got.corrupted)});
  }
  html.markup(
      "</table></div>\n<p class=\"note\">Latency is the corrected one, by the kind of who received "
      "the message.</p>\n");
}

void add_stages(Html& html, const Result& result) {
  if (result.stages.size() < 2) {
    return;
  }
  html.heading("Stages");
  html.markup("<div class=\"scroll\"><table>\n");
  html.row({"", "asked/s", "sent/s", "deliveries/s", "p50", "p99", "p99.9", "max", "lateness p99",
            "server CPU"},
           "th");
  std::size_t number = 0;
  for (const StageResult& stage : result.stages) {
    const Histogram& latency = stage.latency.corrected;
    html.row({fmt::format("{}{}", ++number, stage.objectives_kept ? "" : " objective missed"),
              stage.asked_per_second > 0 ? format_number(stage.asked_per_second) : "–",
              format_number(stage.sent_per_second()), format_number(stage.delivered_per_second()),
              duration(latency.percentile_ns(50)), duration(latency.percentile_ns(99)),
              duration(latency.percentile_ns(99.9)), duration(latency.max_ns()),
              duration(stage.lateness.percentile_ns(99)),
              stage.server_cpu() > 0 ? format_percent(stage.server_cpu()) : "–"});
  }
  html.markup("</table></div>\n");
}

void add_time(Html& html, const Result& result) {
  const std::vector<Plot> plots = plots_over_time(result);
  if (plots.empty()) {
    return;
  }
  html.heading("Over time");
  html.markup("<div class=\"plots\">\n");
  for (const Plot& plot : plots) {
    html.figure(plot);
  }
  html.markup("</div>\n<p class=\"note\">Shaded: before the first stage, not measured.</p>\n");
}

void add_integrity(Html& html, const Result& result) {
  html.heading("Integrity");
  html.markup("<div class=\"scroll\"><table>\n");
  html.row({"", "members", "expected", "delivered", "lost", "doubled", "out of order", "corrupted"},
           "th");
  const auto add = [&](const std::string& name, const std::string& members, const Integrity& of) {
    html.row({name, members, count(of.expected), count(of.delivered), count(of.lost),
              count(of.doubled), count(of.reordered), count(of.corrupted)});
  };
  add(fmt::format("All rooms ({})", count(result.rooms.size())), "", result.integrity);
  std::size_t broken = 0;
  for (const RoomResult& room : result.rooms) {
    if (!room.integrity.intact() && ++broken <= kRoomsShown) {
      add(room.name, count(room.members), room.integrity);
    }
  }
  html.markup("</table></div>\n");
  if (broken > kRoomsShown) {
    html.markup(
        fmt::format("<p class=\"note\">… and {} more broken rooms.</p>\n", broken - kRoomsShown));
  }
}

void add_facts(Html& html, const Result& result) {
  html.heading("The run");
  html.markup("<table class=\"facts\">\n");
  const StageResult& total = result.total;
  html.fact("Sent", fmt::format("{} messages in {}", count(total.sent),
                                format_duration_ns(total.seconds * 1e9)));
  if (result.churned > 0) {
    html.fact("Churned", fmt::format("{} clients left and were replaced", count(result.churned)));
  }
  for (const Setting& fact : facts_of_log(result)) {
    html.fact(fact.name, fact.value);
  }
  html.fact("Connections lost", count(result.connections_lost));
  const Fairness& fairness = result.fairness;
  if (fairness.median_mean_ns > 0) {
    html.fact("Fairness", fmt::format("the members’ mean latencies go from {} to {}, median {}",
                                      format_duration_ns(fairness.fastest_mean_ns),
                                      format_duration_ns(fairness.slowest_mean_ns),
                                      format_duration_ns(fairness.median_mean_ns)));
  }
  html.fact("Generator", fmt::format("{} of CPU time, its busiest thread at {}",
                                     format_duration_ns(total.generator_cpu_seconds * 1e9),
                                     format_percent(total.generator_busiest_thread)));
  const ServerUse& server = result.server;
  html.fact("Server", server.pid == 0
                          ? "not watched"
                          : fmt::format("{} of CPU time; {} of memory before the first client, "
                                        "{} with all of them, {} at most",
                                        format_duration_ns(server.cpu_seconds * 1e9),
                                        bytes(server.memory_before_bytes),
                                        bytes(server.memory_registered_bytes),
                                        bytes(server.memory_peak_bytes)));
  for (const Setting& setting : result.settings) {
    html.fact(setting.name, setting.value);
  }
  html.markup(
      fmt::format("<tr><th scope=\"row\">Command</th><td><code>{}</code></td></tr>\n</table>\n",
                  escape_markup(result.command_line)));
}

}  // namespace

std::string to_html(const Result& result) {
  Html html;
  html.markup(fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>chat-loadgen: {} · {}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      escape_markup(result.target), escape_markup(result.workload), kStyle));
  add_header(html, result);
  add_tiles(html, result);
  add_latency(html, result);
  add_kinds(html, result);
  add_stages(html, result);
  add_time(html, result);
  add_integrity(html, result);
  add_facts(html, result);
  html.markup(fmt::format("<footer>Made by chat-loadgen {}</footer>\n</main>\n</body>\n</html>\n",
                          escape_markup(result.version)));
  return html.take();
}

}  // namespace loadgen
