#pragma once

#include <string>

#include "tools/loadgen/plan.h"

namespace loadgen {

// What can be known before the run: that this machine has the descriptors and the ports, that the
// target has an address where somebody listens, what TLS needs. Raises the descriptor limit,
// resolves the target, keeps of its addresses the one that answers, and adds source addresses where
// a single one on loopback has too few ports. Returns what is wrong and what to do, or an empty
// text.
std::string prepare(Plan& plan);

// Reads what secures the connections to the target, where any are to be. Likewise.
std::string prepare_tls(Target& target);

// The processor and the system of this machine, in a few words.
std::string describe_machine();

}  // namespace loadgen
