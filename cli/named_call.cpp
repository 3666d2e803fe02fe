#include "cli/named_call.hpp"

#include <fmt/format.h>

namespace lethe::cli {

std::string with_target_name(std::string text, const std::string& name) {
  for (const std::string before : {"target install ", "target "}) {
    const std::string placeholder = before + "NAME";
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + before.size() + name.size()))
      text.replace(at, placeholder.size(), before + name);
  }
  return text;
}

UserError target_error(const StoreError& error, const std::string& name) {
  if (error.failure() == Failure::connection_lost)
    return {ExitCode::unreachable,
            fmt::format("cannot reach target '{}': {}", name, error.detail())};
  return {ExitCode::failed, fmt::format("target '{}': {}", name, error.detail())};
}

}  // namespace lethe::cli
