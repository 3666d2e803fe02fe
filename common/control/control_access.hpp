#pragma once

#include <memory>
#include <string>

#include "common/control/control_bus.hpp"

namespace lethe {

/// PORT: keys and events for whoever operates the fleet. Errors: UserError that names the file or
/// the cure, BusError for sockets. Thread safety: none.
class ControlAccess {
 public:
  virtual ~ControlAccess() = default;
  /// Makes a new pair of keys in a new file, and returns the public one.
  virtual std::string make_key_file(const std::string& file) = 0;
  /// The public key in a key file.
  virtual std::string public_key_in(const std::string& file) = 0;
  [[nodiscard]] virtual bool is_public_key(const std::string& text) const = 0;
  /// Whether the events of that scheduler can be had with the key in `file` ("": with none).
  /// `allow_plain`: also over tcp without keys, where anybody may answer in its place.
  [[nodiscard]] virtual bool can_subscribe(const SchedulerAddress& scheduler,
                                           const std::string& file, bool allow_plain) const = 0;
  /// Its events whose topics begin with `topic`.
  virtual std::unique_ptr<EventSource> subscribe(const SchedulerAddress& scheduler,
                                                 const std::string& file,
                                                 const std::string& topic) = 0;
};

}  // namespace lethe
