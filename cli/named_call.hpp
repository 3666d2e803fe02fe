#pragma once

#include <string>

#include "common/store_error.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

/// `text` with the target's name where it suggests a command with NAME: a target does not know what
/// it is called.
[[nodiscard]] std::string with_target_name(std::string text, const std::string& name);

/// The error that people see for a failure of the target called `name`.
[[nodiscard]] UserError target_error(const StoreError& error, const std::string& name);

/// What `call` returns; its errors say which target they are about.
template <class Call>
auto call_named(const std::string& name, const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const UserError& error) {
    throw UserError(error.code(), with_target_name(error.what(), name));
  } catch (const StoreError& error) {
    throw target_error(error, name);
  }
}

}  // namespace lethe::cli
