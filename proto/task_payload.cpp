#include "proto/task_payload.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "proto/packing.hpp"
#include "proto/reading.hpp"

namespace lethe {

namespace {

constexpr std::uint64_t block_max = std::uint64_t{1}
                                    << 32U;  // a table's blocks are counted in 32 bits
constexpr std::uint64_t phase_max = 3;       // a policy has at most 4 timestamps

/// The longest that PostgreSQL prints for a timestamp has 34 bytes; a key is split where its values
/// are as short.
constexpr std::size_t range_end_bytes_max = 64;

constexpr std::uint64_t rows_max_max = std::uint64_t{1} << 62U;
constexpr std::size_t limit_text_bytes_max = 400;

constexpr std::uint32_t key_columns_max = 32;  // of an index, as PostgreSQL is built

using packing::pack_text;
using packing::Packer;
using reading::flag_of;
using reading::for_each_entry;
using reading::Malformed;
using reading::number_of;
using reading::text_of;

void pack_number(Packer& packer, std::string_view key, std::uint64_t value) {
  pack_text(packer, key);
  packer.pack_uint64(value);
}

void pack_limit(Packer& packer, const RowLimit& limit) {
  pack_number(packer, "rows_max", static_cast<std::uint64_t>(limit.rows_max));
  pack_text(packer, "limit_name", limit.name);
  pack_text(packer, "limit_cure", limit.cure);
}

void pack_work(Packer& packer, const CleanWork& work) {
  pack_text(packer, "work");
  const bool from = !work.range_from.empty();
  const bool to = !work.range_to.empty();
  const bool key = !work.key.empty();
  packer.pack_map(6U + (from ? 1U : 0U) + (to ? 1U : 0U) + (key ? 1U : 0U));
  pack_number(packer, "relation", work.relation);
  pack_text(packer, "fingerprint", work.fingerprint);
  pack_text(packer, "strategy", to_string(work.strategy));
  pack_number(packer, "block_from", static_cast<std::uint64_t>(work.block_from));
  pack_number(packer, "block_to", static_cast<std::uint64_t>(work.block_to));
  pack_number(packer, "phase", work.phase);
  if (from) pack_text(packer, "range_from", work.range_from);
  if (to) pack_text(packer, "range_to", work.range_to);
  if (!key) return;
  pack_text(packer, "key");
  packer.pack_array(static_cast<std::uint32_t>(work.key.size()));
  for (const std::string& column : work.key) pack_text(packer, column);
}

std::string_view range_end_of(const msgpack::object& object, std::string_view key) {
  const std::string_view text = text_of(object, key);
  if (text.size() > range_end_bytes_max)
    throw Malformed(fmt::format("{} must be at most {} bytes long", key, range_end_bytes_max));
  return text;
}

std::string_view limit_text_of(const msgpack::object& object, std::string_view key) {
  const std::string_view text = text_of(object, key);
  if (text.size() > limit_text_bytes_max)
    throw Malformed(fmt::format("{} must be at most {} bytes long", key, limit_text_bytes_max));
  return text;
}

std::vector<std::string> names_of(const msgpack::object& object, std::string_view key) {
  if (object.type != msgpack::type::ARRAY || object.via.array.size > key_columns_max)
    throw Malformed(fmt::format("{} must be an array of at most {} names", key, key_columns_max));
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < object.via.array.size; ++i)
    names.emplace_back(text_of(object.via.array.ptr[i], key));
  return names;
}

Strategy strategy_of(const msgpack::object& object) {
  const std::string text(text_of(object, "work.strategy"));
  const auto strategy = strategy_from(text);
  if (!strategy) throw Malformed("work.strategy is none that this version knows");
  return *strategy;
}

CleanWork work_of(const msgpack::object& object) {
  CleanWork work;
  for_each_entry(object, "work", [&work](std::string_view key, const msgpack::object& value) {
    if (key == "relation") {
      work.relation = static_cast<std::uint32_t>(
          number_of(value, "work.relation", std::numeric_limits<std::uint32_t>::max()));
    } else if (key == "fingerprint") {
      work.fingerprint = text_of(value, "work.fingerprint");
    } else if (key == "strategy") {
      work.strategy = strategy_of(value);
    } else if (key == "block_from") {
      work.block_from = static_cast<std::int64_t>(number_of(value, "work.block_from", block_max));
    } else if (key == "block_to") {
      work.block_to = static_cast<std::int64_t>(number_of(value, "work.block_to", block_max));
    } else if (key == "phase") {
      work.phase = static_cast<std::uint32_t>(number_of(value, "work.phase", phase_max));
    } else if (key == "range_from") {
      work.range_from = range_end_of(value, "work.range_from");
    } else if (key == "range_to") {
      work.range_to = range_end_of(value, "work.range_to");
    } else if (key == "key") {
      work.key = names_of(value, "work.key");
    }
  });
  if (work.block_to < work.block_from) throw Malformed("work.block_to is before work.block_from");
  return work;
}

TaskPayload payload_of(const msgpack::object& object) {
  TaskPayload payload;
  for_each_entry(object, "the payload",
                 [&payload](std::string_view key, const msgpack::object& value) {
                   if (key == "not_after") {
                     payload.bounds.not_after = text_of(value, key);
                   } else if (key == "has_cutoffs") {
                     payload.bounds.has_cutoffs = flag_of(value, key);
                   } else if (key == "rows_max") {
                     payload.bounds.limit.rows_max =
                         static_cast<std::int64_t>(number_of(value, key, rows_max_max));
                   } else if (key == "limit_name") {
                     payload.bounds.limit.name = limit_text_of(value, key);
                   } else if (key == "limit_cure") {
                     payload.bounds.limit.cure = limit_text_of(value, key);
                   } else if (key == "work") {
                     payload.work = work_of(value);
                   }
                 });
  return payload;
}

TaskPayload decode(std::string_view bytes) {
  if (bytes.empty()) return {};
  const auto handle = reading::unpack_whole(bytes, {.bytes = payload_bytes_max});
  return payload_of(handle.get());
}

}  // namespace

std::string encode(const TaskPayload& payload) {
  msgpack::sbuffer buffer;
  Packer packer(buffer);
  const RowLimit& limit = payload.bounds.limit;
  packer.pack_map(2U + (payload.work ? 1U : 0U) + (limit.is_set() ? 3U : 0U));
  pack_text(packer, "not_after", payload.bounds.not_after);
  pack_text(packer, "has_cutoffs");
  packing::pack_flag(packer, payload.bounds.has_cutoffs);
  if (limit.is_set()) pack_limit(packer, limit);
  if (payload.work) pack_work(packer, *payload.work);
  return {buffer.data(), buffer.size()};
}

std::variant<TaskPayload, std::string> decode_task_payload(std::string_view bytes) noexcept {
  try {
    return decode(bytes);
  } catch (const std::exception& malformed) {
    return std::string(malformed.what());
  }
}

}  // namespace lethe
