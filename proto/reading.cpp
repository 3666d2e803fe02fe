#include "proto/reading.hpp"

namespace lethe::reading {

msgpack::object_handle unpack_whole(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.bytes)
    throw Malformed(fmt::format("it is longer than {} bytes", limits.bytes));
  // Array, map, string, binary, extension, depth.
  const msgpack::unpack_limit limit(limits.entries, limits.entries, limits.bytes, limits.bytes, 0,
                                    limits.depth);
  std::size_t read = 0;
  msgpack::object_handle handle;
  try {
    handle = msgpack::unpack(bytes.data(), bytes.size(), read, nullptr, nullptr, limit);
  } catch (const std::exception&) {  // of msgpack: cut short, too deep, too long, unknown byte
    throw Malformed("it is not msgpack within the limits");
  }
  if (read != bytes.size()) throw Malformed("bytes follow its end");
  return handle;
}

std::string_view text_of(const msgpack::object& object, std::string_view key) {
  if (object.type != msgpack::type::STR) throw Malformed(fmt::format("{} must be text", key));
  return {object.via.str.ptr, object.via.str.size};
}

std::uint64_t number_of(const msgpack::object& object, std::string_view key, std::uint64_t max) {
  if (object.type != msgpack::type::POSITIVE_INTEGER || object.via.u64 > max)
    throw Malformed(fmt::format("{} must be a whole number from 0 to {}", key, max));
  return object.via.u64;
}

bool flag_of(const msgpack::object& object, std::string_view key) {
  if (object.type != msgpack::type::BOOLEAN)
    throw Malformed(fmt::format("{} must be true or false", key));
  return object.via.boolean;
}

}  // namespace lethe::reading
