#include "tools/loadgen/result.h"

namespace loadgen {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kObjectiveMissed:
      return "objective_missed";
    case Verdict::kIntegrityBroken:
      return "integrity_broken";
  }
  return "unknown";
}

void Integrity::add(const Integrity& other) {
  expected += other.expected;
  delivered += other.delivered;
  lost += other.lost;
  doubled += other.doubled;
  reordered += other.reordered;
  corrupted += other.corrupted;
}

}  // namespace loadgen
