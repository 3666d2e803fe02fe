#pragma once

// Private to proto: how values are written as msgpack.

#include <cstdint>
#include <msgpack.hpp>
#include <string_view>

namespace lethe::packing {

using Packer = msgpack::packer<msgpack::sbuffer>;

inline void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

inline void pack_text(Packer& packer, std::string_view key, std::string_view value) {
  pack_text(packer, key);
  pack_text(packer, value);
}

inline void pack_flag(Packer& packer, bool value) {
  value ? packer.pack_true() : packer.pack_false();
}

}  // namespace lethe::packing
