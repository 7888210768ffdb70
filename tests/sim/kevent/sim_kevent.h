#pragma once

#include <cstdint>
#include <string>
#include <vector>

// How tests steer and question the simulated kqueue of this process. Any thread.
//
// The simulation works on real descriptors and follows the manual of kqueue: one knote for each
// ident and filter; EV_ADD of a known one updates its udata; a knote becomes active when the
// system reports a change, and a scan looks at it again before it hands it out; EV_CLEAR makes it
// wait for the next change; EV_EOF comes with the bytes that are still to be read; changes are made
// in order, answered with EV_ERROR entries where there is room, else with -1; a short event list
// leaves the rest for the next call. What the manual does not let a program rely on, the order of
// events, can be shuffled; what a program must bear, EINTR, can be injected; and what the manual
// calls a mistake is recorded.
namespace sim_kevent {

// The next count waits return EINTR, without losing what is ready.
void inject_eintr(int count);

// From now on events come in an order drawn from this seed; 0: in the order they became active.
void shuffle_events(std::uint64_t seed);

// The next EV_ADD of this filter fails with error (an errno value).
void fail_next_add(int filter, int error);

// What was done wrong since the last call, in words: descriptors closed with a filter still on
// them, more than 512 entries asked for. A correct backend leaves this empty.
std::vector<std::string> take_mistakes();

// How many filters are registered on all open kqueues, the wake-ups' included.
std::size_t knote_count();

}  // namespace sim_kevent
