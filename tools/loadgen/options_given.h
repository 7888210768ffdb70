#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tools/loadgen/plan.h"

namespace loadgen {

// What the command line says of a run, before the workload's defaults are filled in. What needs no
// default is in the plan already.
struct GivenOptions {
  std::optional<std::string> target;
  std::optional<std::vector<KindShare>> mix;
  std::optional<std::size_t> clients;
  std::optional<std::size_t> rooms;
  std::optional<std::size_t> senders;
  std::optional<std::vector<SizeRange>> sizes;
  std::optional<double> rate;
  std::optional<Duration> duration;
  std::optional<std::vector<Stage>> stages;
  std::optional<Duration> warm_up;
  std::optional<double> churn_rate;
  std::optional<std::size_t> window;
  std::optional<double> slow_share;
  std::optional<double> slow_rate;
  std::optional<Duration> slow_for;
  std::optional<double> reconnect_share;
  std::optional<double> reconnect_rate;
  std::optional<std::size_t> kills;
  std::optional<Duration> kill_every;
};

void fill_in(Plan& plan, const GivenOptions& given);

// What is wrong with the plan, in one line; empty when it can be tried.
std::string find_mistake(const Plan& plan, const GivenOptions& given);

// How many clients may send. A sender who does not hear himself can't tell where his messages stand
// among the others': every room, on every thread that has members of it, needs somebody ordinary
// who stays and only listens.
std::size_t senders_max(const Plan& plan);

}  // namespace loadgen
