#include "chat/web/site.h"

#include <fmt/format.h>

#include "chat/web/metrics_text.h"
#include "chat/web/page.h"
#include "chat/web/stats_json.h"

namespace chat {
namespace {

HttpResponse plain_text(HttpStatus status, std::string_view body) {
  HttpResponse response;
  response.status = status;
  response.body = body;
  return response;
}

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

HttpSite make_site(const SiteOptions& options, const ServerInfo& info, const Metrics& metrics,
                   const std::atomic<bool>& draining) {
  HttpSite site;
  // No script and no style but what is in files of ours, and nothing from anywhere else.
  site.policy.content_security_policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
      "img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
  if (options.hsts_max_age.count() > 0) {
    site.policy.strict_transport_security = fmt::format("max-age={}", options.hsts_max_age.count());
  }
  site.origins.allowed = options.allowed_origins;
  site.router.add_websocket("/ws");
  site.router.add("/healthz",
                  [](const HttpRequest&) { return plain_text(HttpStatus::kOk, "ok\n"); });
  site.router.add("/readyz", [&draining](const HttpRequest&) {
    return draining ? plain_text(HttpStatus::kUnavailable, "shutting down\n")
                    : plain_text(HttpStatus::kOk, "ready\n");
  });
  site.router.add("/metrics", [&](const HttpRequest&) {
    HttpResponse response;
    response.content_type = kMetricsContentType;
    response.text = metrics_text(metrics, info);
    return response;
  });
  site.router.add("/stats.json", [&](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "application/json";
    response.text = stats_json(metrics, info, std::chrono::steady_clock::now(), unix_ms_now());
    return response;
  });
  if (options.web_root.empty()) {
    add_page(site.router);
  } else {
    add_page_from(options.web_root, site.router);
  }
  return site;
}

}  // namespace chat
