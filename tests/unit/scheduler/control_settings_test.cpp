#include "common/user_error.hpp"
#include "scheduler/config.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::scheduler;

namespace {

ControlSettings read(std::map<std::string, std::vector<std::string>> flags) {
  return control_settings(
      read_settings(setting_table(),
                    {.file = "", .file_text = "", .environment = {}, .flags = std::move(flags)}));
}

std::string refusal(std::map<std::string, std::vector<std::string>> flags) {
  try {
    static_cast<void>(read(std::move(flags)));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("nothing is served unless an endpoint is set", "[control_settings]") {
  CHECK_FALSE(read({}).is_served());
  CHECK(read({{"control_events", {"ipc:///run/lethe/events"}}}).is_served());
}

TEST_CASE("tcp needs keys or the word that it may do without", "[control_settings]") {
  CHECK(contains(refusal({{"control_workers", {"tcp://127.0.0.1:7401"}}}), "control_key_file"));
  const auto plain =
      read({{"control_workers", {"tcp://127.0.0.1:7401"}}, {"control_insecure", {"allow"}}});
  CHECK(plain.is_open_to_all());
  const auto keyed =
      read({{"control_workers", {"tcp://127.0.0.1:7401"}}, {"control_key_file", {"k"}}});
  CHECK_FALSE(keyed.is_open_to_all());
  CHECK_FALSE(read({{"control_workers", {"ipc:///run/lethe/workers"}}}).is_open_to_all());
}

TEST_CASE("an endpoint on every address needs the name that others use", "[control_settings]") {
  for (const char* endpoint : {"tcp://*:7401", "tcp://0.0.0.0:7401", "tcp://[::]:7401"}) {
    CHECK(contains(refusal({{"control_workers", {endpoint}}, {"control_key_file", {"k"}}}),
                   "control_host"));
    CHECK(refusal({{"control_workers", {endpoint}},
                   {"control_key_file", {"k"}},
                   {"control_host", {"scheduler-1.example.org"}}})
              .empty());
  }
}

TEST_CASE("what is no endpoint is refused with the form of one", "[control_settings]") {
  for (const char* endpoint :
       {"7401", "127.0.0.1:7401", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:x", "tcp://:", "udp://h:1", "inproc://x", "ipc://relative", "tcp://h:-1"})
    CHECK(contains(refusal({{"control_workers", {endpoint}}, {"control_key_file", {"k"}}}),
                   "write tcp://"));
  CHECK(contains(refusal({{"control_workers", {"ipc:///" + std::string(100, 'x')}}}), "too long"));
  CHECK(contains(refusal({{"control_host", {"a b"}}}), "no host name"));
}
