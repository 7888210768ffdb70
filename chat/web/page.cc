#include "chat/web/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/web/page_files.h"

namespace chat {
namespace {

constexpr std::string_view kIndex = "/index.html";
// A copy may be kept, and is asked about each time: a new server's page is there at once.
constexpr std::string_view kAskEachTime = "no-cache";

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webmanifest", "application/manifest+json"},
    {".json", "application/json"},
});

std::string_view type_of(std::string_view path) {
  const auto found =
      std::ranges::find_if(kTypes, [path](const auto& type) { return path.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

struct Tagged {
  PageFile file;
  std::string etag;
};

// The tags are made once, and live as long as the files.
const std::vector<Tagged>& tagged_files() {
  static const std::vector<Tagged> files = [] {
    std::vector<Tagged> tagged;
    for (const PageFile& file : page_files()) {
      tagged.push_back(
          {file, fmt::format("\"{:016x}\"", std::hash<std::string_view>{}(file.bytes))});
    }
    return tagged;
  }();
  return files;
}

HttpResponse read_file(const std::string& directory, const std::string& path) {
  constexpr std::streamoff kFileBytesMax = 8 << 20;
  const std::string& file_path = path == "/" ? std::string(kIndex) : path;
  std::ifstream file(directory + file_path, std::ios::binary | std::ios::ate);
  if (!file || file.tellg() < 0 || file.tellg() > kFileBytesMax) {
    return http_error(HttpStatus::kNotFound, "nothing is here");
  }
  file.seekg(0);
  HttpResponse response;
  response.content_type = type_of(file_path);
  response.text.assign(std::istreambuf_iterator<char>(file), {});
  return response;
}

}  // namespace

void add_page(HttpRouter& router) {
  for (const Tagged& tagged : tagged_files()) {
    const auto add_at = [&](std::string_view path) {
      router.add({path, type_of(tagged.file.path), tagged.file.bytes, tagged.etag, kAskEachTime});
    };
    add_at(tagged.file.path);
    if (tagged.file.path == kIndex) {
      add_at("/");
    }
  }
}

void add_page_from(const std::string& directory, HttpRouter& router) {
  router.add_fallback(
      [directory](const HttpRequest& request) { return read_file(directory, request.path); });
}

}  // namespace chat
