#include "tests/bench/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

namespace lethe::bench {

namespace {

using std::chrono::steady_clock;

/// So that clients that find nothing do not take the processor from those that work.
constexpr std::chrono::milliseconds idle_pause{1};

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// What the clients of one load share. Constant after construction, atomic, or of one client.
struct Shared {
  explicit Shared(int clients)
      : ready(clients + 1),
        samples(static_cast<std::size_t>(clients)),
        errors(static_cast<std::size_t>(clients)) {}

  std::latch ready;
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> own_done = 0;
  std::vector<Samples> samples;
  std::vector<std::exception_ptr> errors;
};

void run_client(const Load& load, std::atomic<std::uint64_t>& done, Shared& shared,
                const Cycle& cycle, Samples& samples) {
  shared.ready.arrive_and_wait();
  const auto start = steady_clock::now();
  double before = 0;
  while (!shared.over) {
    const std::uint32_t ended = cycle();
    const double now = seconds_since(start);
    if (ended > 0) {
      samples.push_back(
          {.at = now, .took_ms = static_cast<float>((now - before) * 1000), .tasks = ended});
      const std::uint64_t all = done.fetch_add(ended) + ended;
      if (load.tasks > 0 && all >= load.tasks) shared.over = true;
    } else {
      std::this_thread::sleep_for(idle_pause);
    }
    before = ended > 0 ? now : seconds_since(start);
  }
}

}  // namespace

Samples run_load(const Load& load, const MakeCycle& make_cycle) {
  Shared shared(load.clients);
  std::atomic<std::uint64_t>& done = load.done != nullptr ? *load.done : shared.own_done;
  std::vector<std::jthread> threads;
  for (int client = 0; client < load.clients; ++client) {
    const auto index = static_cast<std::size_t>(client);
    threads.emplace_back([&, client, index] {
      bool connected = false;
      try {
        const Cycle cycle = make_cycle(client);
        connected = true;
        run_client(load, done, shared, cycle, shared.samples[index]);
      } catch (...) {  // thrown again by the caller's thread
        shared.errors[index] = std::current_exception();
        shared.over = true;
        if (!connected) shared.ready.count_down();
      }
    });
  }
  shared.ready.arrive_and_wait();
  const auto start = steady_clock::now();
  while (!shared.over && seconds_since(start) < load.seconds)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const bool in_time = shared.over.exchange(true) || load.tasks == 0;
  threads.clear();
  for (const auto& error : shared.errors)
    if (error) std::rethrow_exception(error);
  if (!in_time)
    throw std::runtime_error(fmt::format("only {} of {} tasks ended within {} s", done.load(),
                                         load.tasks, load.seconds));
  Samples all;
  for (const auto& part : shared.samples) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return all;
}

}  // namespace lethe::bench
