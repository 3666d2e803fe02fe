#pragma once

// Private to proto: how msgpack from anyone is read. The one place that calls msgpack::unpack.

#include <fmt/format.h>

#include <cstdint>
#include <msgpack.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lethe::reading {

/// What is wrong with a message, in one line. Never leaves proto.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Most that is read of one message.
struct Limits {
  std::size_t bytes = 0;
  std::uint32_t entries = 256;  ///< of each array and each map
  std::uint32_t depth = 8;
};

/// The one object that `bytes` holds. Allocates at most a small multiple of `limits.bytes`; with
/// msgpack's own limits six bytes are enough to ask for 128 GiB. Throws Malformed.
[[nodiscard]] msgpack::object_handle unpack_whole(std::string_view bytes, const Limits& limits);

/// Each throws Malformed that names `key` unless the object is of that type.
[[nodiscard]] std::string_view text_of(const msgpack::object& object, std::string_view key);
[[nodiscard]] std::uint64_t number_of(const msgpack::object& object, std::string_view key,
                                      std::uint64_t max);
[[nodiscard]] bool flag_of(const msgpack::object& object, std::string_view key);

/// Calls `take(key, value)` for each entry of a map. Throws Malformed for what is no map, or has a
/// key that is no text.
template <class Take>
void for_each_entry(const msgpack::object& object, std::string_view what, Take take) {
  if (object.type != msgpack::type::MAP) throw Malformed(fmt::format("{} must be a map", what));
  for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
    const msgpack::object_kv& entry = object.via.map.ptr[i];
    take(text_of(entry.key, "each key"), entry.val);
  }
}

}  // namespace lethe::reading
