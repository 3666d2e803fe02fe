#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/tasks/task.hpp"

namespace lethe {

/// Longest payload that is read, in bytes.
inline constexpr std::size_t payload_bytes_max = 65'536;

/// The payload as one msgpack map. The fields are described in proto/TASK_PAYLOAD.md.
[[nodiscard]] std::string encode(const TaskPayload& payload);

/// Reads a payload from anyone: the payload, or what is wrong with it, in one line. Empty input is
/// the default payload, which plan tasks have. Unknown keys are ignored and missing ones keep their
/// default. Never throws and never allocates more than a small multiple of `payload_bytes_max`.
[[nodiscard]] std::variant<TaskPayload, std::string> decode_task_payload(
    std::string_view bytes) noexcept;

}  // namespace lethe
