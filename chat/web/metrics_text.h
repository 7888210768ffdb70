#pragma once

#include <string>
#include <string_view>

#include "chat/metrics.h"
#include "chat/server_info.h"

namespace chat {

// The text format of Prometheus, version 0.0.4.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// What /metrics answers. Any thread.
std::string metrics_text(const Metrics& metrics, const ServerInfo& info);

}  // namespace chat
