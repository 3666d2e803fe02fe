#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "proto/control_messages.hpp"

namespace lethe::wire {

/// Why a frame was not read.
struct DecodeError {
  enum class Kind {
    malformed,    ///< no envelope: not msgpack, too long, cut short, a field of the wrong kind
    version,      ///< of another major version of the protocol
    unsupported,  ///< an envelope whose type this version does not know
  };
  Kind kind = Kind::malformed;
  std::string detail{};  ///< one line that names the field; holds nothing of what was sent
  std::string id{};      ///< of the envelope, if that much could be read
};

/// The frame of an envelope. Texts that are too long are cut, lists are shortened, numbers stop at
/// number_max, and text that decode() would refuse becomes "?": what is encoded can be decoded.
[[nodiscard]] std::string encode(const Envelope& envelope);

/// Reads one frame from anyone. Unknown keys are ignored, missing ones keep their defaults. Never
/// throws, and never allocates more than a small multiple of frame_bytes_max.
[[nodiscard]] std::variant<Envelope, DecodeError> decode(std::string_view frame) noexcept;

}  // namespace lethe::wire
