#include "common/schedule/jitter.hpp"

namespace lethe {

std::chrono::seconds jitter_offset(std::string_view policy, std::int64_t jitter_seconds) noexcept {
  if (jitter_seconds <= 0) return std::chrono::seconds(0);
  std::uint64_t hash =
      0xcbf29ce484222325;  // FNV-1a: the same on every machine and in every version
  for (const char c : policy) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return std::chrono::seconds(
      static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(jitter_seconds)));
}

}  // namespace lethe
