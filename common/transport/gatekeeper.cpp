#include "common/transport/gatekeeper.hpp"

#include <algorithm>

namespace lethe::transport {

namespace {

bool opens(KeyRole role, Gate gate) {
  switch (gate) {
    case Gate::workers: return role == KeyRole::worker;
    case Gate::operators: return role == KeyRole::operator_of;
    case Gate::events: return role == KeyRole::operator_of || role == KeyRole::viewer;
  }
  return false;
}

}  // namespace

std::string_view to_string(Gate gate) noexcept {
  switch (gate) {
    case Gate::workers: return "workers";
    case Gate::operators: return "operators";
    case Gate::events: return "events";
  }
  return "";
}

std::optional<Gate> gate_from(std::string_view name) noexcept {
  for (const Gate gate : {Gate::workers, Gate::operators, Gate::events})
    if (name == to_string(gate)) return gate;
  return std::nullopt;
}

std::optional<std::string> admit(const Knock& knock, bool gate_has_keys, const KeyRing& keys) {
  if (!gate_has_keys)
    return knock.mechanism == "NULL" ? std::optional(std::string()) : std::nullopt;
  if (knock.mechanism != "CURVE") return std::nullopt;
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const AllowedKey& one) {
    return one.public_key == knock.public_key;
  });
  if (key == keys.end() || !opens(key->role, knock.gate)) return std::nullopt;
  return key->name;
}

}  // namespace lethe::transport
