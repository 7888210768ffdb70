#pragma once

#include <span>
#include <string_view>

namespace chat {

// A file of the page (chat/web/page), as it is built into the program.
struct PageFile {
  std::string_view path;  // "/index.html"
  std::string_view bytes;
};
std::span<const PageFile> page_files();

}  // namespace chat
