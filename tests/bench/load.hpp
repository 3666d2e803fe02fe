#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "tests/bench/samples.hpp"

namespace lethe::bench {

/// One turn of a client, called again and again by its own thread: how many tasks it ended. 0 when
/// it found nothing to do.
using Cycle = std::function<std::uint32_t()>;

/// Connects the client of this number. Called on the client's thread, before the load starts.
using MakeCycle = std::function<Cycle(int client)>;

/// A closed load: every client starts its next cycle when the last one is over.
struct Load {
  int clients = 4;
  std::uint64_t tasks = 0;  ///< over when so many have ended; 0: when `seconds` are over
  double seconds = 0;       ///< with `tasks`, how long it may take at most
  std::atomic<std::uint64_t>* done = nullptr;  ///< counts ended tasks for others, if wanted
};

/// Runs the load and returns its samples in the order of `at`. Throws what a client threw, and
/// std::runtime_error when the tasks did not end in time.
[[nodiscard]] Samples run_load(const Load& load, const MakeCycle& make_cycle);

}  // namespace lethe::bench
