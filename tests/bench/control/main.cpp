// What so many workers cost one scheduler: processor time and memory, with encryption, a beat each
// second and progress in each.
//
//   with_postgres -- bench_control [workers] [seconds]

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/transport/curve_key_file.hpp"
#include "proto/control_codec.hpp"
#include "tests/support/fleet.hpp"

namespace {

using namespace lethe;
using Steady = std::chrono::steady_clock;

/// Seconds of processor time that a process took.
double processor_seconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string word;
  for (int i = 0; i < 13; ++i) file >> word;
  double user = 0;
  double system = 0;
  file >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string memory_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);)
    if (line.rfind("VmRSS:", 0) == 0) return line.substr(6);
  return "unknown";
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string beat_of(std::uint64_t worker, std::uint64_t sequence) {
  wire::Beat beat{.worker = worker, .instance = "h:1", .version = "0", .phase = "running"};
  beat.slots = 4;
  beat.busy = sequence % 5;
  for (int i = 0; i < 4; ++i)
    beat.progress.push_back({.task = fmt::format("01JD3M3XQ7W3G5V9B1K2N4P{:03}", i),
                             .run = "01JD3M3XQ7W3G5V9B1K2N4P6R9",
                             .policy = "t-90d",
                             .target = "app",
                             .epoch = sequence,
                             .outcome = "again",
                             .batches = sequence,
                             .rows = sequence * 1'000,
                             .batch_rows = 1'000,
                             .took_ms = 250});
  return wire::encode({.sequence = sequence, .at_ms = 1, .message = std::move(beat)});
}

struct Crowd {
  zmq::context_t context{2};
  std::vector<zmq::socket_t> workers;

  Crowd(std::size_t count, const std::string& endpoint, const std::string& server,
        const CurveKey& key) {
    context.set(zmq::ctxopt::max_sockets, static_cast<int>(count) + 10);
    for (std::size_t i = 0; i < count; ++i) {
      zmq::socket_t socket(context, zmq::socket_type::dealer);
      socket.set(zmq::sockopt::linger, 0);
      socket.set(zmq::sockopt::curve_serverkey, server);
      socket.set(zmq::sockopt::curve_publickey, key.public_key);
      socket.set(zmq::sockopt::curve_secretkey, key.secret_key);
      socket.connect(endpoint);
      workers.push_back(std::move(socket));
    }
  }

  /// A beat of each, spread over a second; how many answers had come.
  std::size_t second(std::uint64_t sequence) {
    std::size_t answers = 0;
    const auto begin = Steady::now();
    for (std::size_t i = 0; i < workers.size(); ++i) {
      workers[i].send(zmq::buffer(beat_of(i + 1, sequence)), zmq::send_flags::dontwait);
      zmq::message_t answer;
      while (workers[i].recv(answer, zmq::recv_flags::dontwait)) ++answers;
      std::this_thread::sleep_until(
          begin + std::chrono::microseconds(1'000'000 * (i + 1) / workers.size()));
    }
    return answers;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t workers = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500;
  const std::uint64_t seconds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20;
  allow_many_files();
  test::Fleet fleet;
  fleet.must({"migrate"});
  const std::string file = fleet.write_file("marker", "") + ".key";
  fleet.must({"keys", "generate", file});
  const CurveKey worker = transport::generate_key();
  fleet.must({"keys", "allow", "w", "--role", "worker", "--key", worker.public_key});
  test::Daemon& scheduler = fleet.start_scheduler({{"LETHE_CONTROL_WORKERS", "tcp://127.0.0.1:*"},
                                                   {"LETHE_CONTROL_EVENTS", "tcp://127.0.0.1:*"},
                                                   {"LETHE_CONTROL_KEY_FILE", file}});
  std::string endpoint;
  if (!test::eventually([&] {
        endpoint = fleet.control().text("SELECT max(workers) FROM lethe.schedulers");
        return !endpoint.empty();
      }))
    return 1;
  Crowd crowd(workers, endpoint,
              fleet.control().text("SELECT max(public_key) FROM lethe.schedulers"), worker);
  constexpr std::uint64_t warm_up = 5;
  for (std::uint64_t i = 1; i <= warm_up; ++i) crowd.second(i);
  const double before = processor_seconds(scheduler.pid());
  const auto begin = Steady::now();
  std::size_t answers = 0;
  for (std::uint64_t i = 1; i <= seconds; ++i) answers += crowd.second(warm_up + i);
  const double passed = std::chrono::duration<double>(Steady::now() - begin).count();
  fmt::print(
      "{} workers, {:.0f} beats/s, {:.0f} answers/s: {:.1f} % of one core, RSS {}\n", workers,
      static_cast<double>(workers * seconds) / passed, static_cast<double>(answers) / passed,
      100 * (processor_seconds(scheduler.pid()) - before) / passed, memory_of(scheduler.pid()));
  return 0;
}
