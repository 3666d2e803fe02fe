#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// One of the sockets of a scheduler.
enum class Gate { workers, operators, events };
[[nodiscard]] std::string_view to_string(Gate gate) noexcept;
[[nodiscard]] std::optional<Gate> gate_from(std::string_view name) noexcept;

/// Who knocks, by the socket library's word: the key has been proved to be his.
struct Knock {
  Gate gate = Gate::workers;
  std::string_view mechanism;   ///< "CURVE", "NULL", ...
  std::string_view public_key;  ///< Z85; of CURVE only
};

/// The name under which `knock` comes in: that of his key, or "" through a gate without keys.
/// Nothing: he stays outside. A worker's key opens the workers' gate alone, an operator's the other
/// two, a viewer's the events. Pure.
[[nodiscard]] std::optional<std::string> admit(const Knock& knock, bool gate_has_keys,
                                               const KeyRing& keys);

}  // namespace lethe::transport
