# Writes OUT, the source of a table of the files in PAGE: cmake -DPAGE=… -DOUT=… -P embed.cmake
file(GLOB_RECURSE files RELATIVE ${PAGE} ${PAGE}/*.*)
list(SORT files)
set(arrays "")
set(table "")
foreach(file IN LISTS files)
  file(READ ${PAGE}/${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n"
         bytes "${bytes}")
  string(MAKE_C_IDENTIFIER "kBytesOf_${file}" name)
  string(APPEND arrays "constexpr unsigned char ${name}[] = {\n${bytes}};\n")
  string(APPEND table "    {\"/${file}\", view_of(${name})},\n")
endforeach()
file(WRITE ${OUT} "// Made of the files in chat/web/page.
#include \"chat/web/page_files.h\"

#include <array>

namespace chat {
namespace {

${arrays}
template <std::size_t kSize>
std::string_view view_of(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

std::span<const PageFile> page_files() {
  static const std::array kFiles = std::to_array<PageFile>({
${table}  });
  return kFiles;
}

}  // namespace chat
")
