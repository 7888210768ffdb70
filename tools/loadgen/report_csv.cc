#include "tools/loadgen/report_csv.h"

#include <fmt/format.h>

#include <iterator>

namespace loadgen {

std::string to_csv(const Result& result) {
  std::string text =
      "at_seconds,interval_seconds,asked_messages_per_second,sent_messages,deliveries,errors,"
      "connections,p50_ns,p99_ns,max_ns,server_cpu_processors,generator_cpu_processors,"
      "server_memory_bytes,acknowledgements,ack_p50_ns,ack_p99_ns\r\n";
  for (const Sample& sample : result.samples) {
    fmt::format_to(std::back_inserter(text),
                   "{:.3f},{:.3f},{:.3f},{},{},{},{},{},{},{},{:.4f},{:.4f},{},{},{},"
                   "{}\r\n",
                   sample.at_seconds, sample.seconds, sample.asked_per_second, sample.sent,
                   sample.delivered, sample.errors, sample.connections, sample.p50_ns,
                   sample.p99_ns, sample.max_ns, sample.server_cpu, sample.generator_cpu,
                   sample.server_memory_bytes, sample.acknowledged, sample.ack_p50_ns,
                   sample.ack_p99_ns);
  }
  return text;
}

}  // namespace loadgen
