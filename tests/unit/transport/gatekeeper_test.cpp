#include "common/transport/gatekeeper.hpp"

#include "common/transport/zmq_control_client.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::transport;

namespace {

const KeyRing keys{{.name = "w", .public_key = "W", .role = KeyRole::worker},
                   {.name = "o", .public_key = "O", .role = KeyRole::operator_of},
                   {.name = "v", .public_key = "V", .role = KeyRole::viewer}};

bool enters(Gate gate, const char* key, const char* mechanism = "CURVE") {
  return admit({.gate = gate, .mechanism = mechanism, .public_key = key}, true, keys).has_value();
}

}  // namespace

TEST_CASE("each role opens its own gates and no others", "[gatekeeper]") {
  CHECK(enters(Gate::workers, "W"));
  CHECK_FALSE(enters(Gate::workers, "O"));
  CHECK_FALSE(enters(Gate::workers, "V"));
  CHECK(enters(Gate::operators, "O"));
  CHECK_FALSE(enters(Gate::operators, "W"));
  CHECK_FALSE(enters(Gate::operators, "V"));
  CHECK(enters(Gate::events, "V"));
  CHECK(enters(Gate::events, "O"));
  CHECK_FALSE(enters(Gate::events, "W"));
}

TEST_CASE("unknown keys and other mechanisms stay outside", "[gatekeeper]") {
  CHECK_FALSE(enters(Gate::workers, "X"));
  CHECK_FALSE(enters(Gate::workers, ""));
  CHECK_FALSE(enters(Gate::workers, "W", "NULL"));
  CHECK_FALSE(enters(Gate::workers, "W", "PLAIN"));
  CHECK(admit({.gate = Gate::workers, .mechanism = "NULL", .public_key = ""}, false, keys) == "");
  CHECK_FALSE(admit({.gate = Gate::workers, .mechanism = "PLAIN", .public_key = ""}, false, keys));
  CHECK(admit({.gate = Gate::workers, .mechanism = "CURVE", .public_key = "W"}, true, keys) == "w");
}

TEST_CASE("a worker speaks over tcp only with keys unless it may do without", "[gatekeeper]") {
  const CurveKey own{.public_key = "p", .secret_key = "s"};
  CHECK(may_connect("ipc:///run/lethe/workers", "", {}, false));
  CHECK(may_connect("tcp://h:1", "server", own, false));
  CHECK_FALSE(may_connect("tcp://h:1", "server", {}, true));
  CHECK_FALSE(may_connect("tcp://h:1", "", own, false));
  CHECK(may_connect("tcp://h:1", "", {}, true));
  CHECK_FALSE(may_connect("", "", own, true));
  CHECK_FALSE(may_connect("inproc://x", "", own, true));
}
