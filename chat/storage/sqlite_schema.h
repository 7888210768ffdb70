#pragma once

#include <cstdint>
#include <span>

#include "chat/storage/sqlite.h"

namespace chat {

// What the tables look like, and how those of an older version become the newest. A database says
// in its header whose it is ("chat") and which version it has.
inline constexpr std::int64_t kApplicationId = 0x63686174;

// SQL that makes version n + 1 out of version n; the first makes version 1 out of nothing. What was
// released is never changed: a new version is a new step at the end.
std::span<const char* const> schema_steps();

// Takes the steps that the database has not seen yet, each as a whole or not at all. Throws
// SqliteError. REQUIRES: the database's version is no newer than the steps.
void migrate(SqliteDatabase& database, std::span<const char* const> steps);

}  // namespace chat
