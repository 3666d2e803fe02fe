#pragma once

#include "common/policies/policy.hpp"
#include "common/policies/yaml_reader.hpp"

namespace lethe {

/// Reads a policy's keys that say when its runs go and which of them first: window, missed,
/// overlap, jitter, lane, priority, expire_after. Refuses as YamlValue::fail does.
void read_timing(const YamlMap& map, Policy& policy);

/// A length of time in seconds, in [min, max]; months have no fixed length and are refused.
/// `limits` says the range in words, "from 1 minute to 30 days".
[[nodiscard]] std::int64_t read_seconds(const YamlValue& value, std::int64_t min, std::int64_t max,
                                        std::string_view limits);

/// "HH:MM", as parse_time_of_day reads it.
[[nodiscard]] std::string to_text(const TimeOfDay& time);
/// Throws std::invalid_argument unless `text` is HH:MM from 00:00 to 23:59.
[[nodiscard]] TimeOfDay parse_time_of_day(std::string_view text);

/// The words of a policy file. Throw std::invalid_argument for another one.
[[nodiscard]] Missed parse_missed(std::string_view text);
[[nodiscard]] Overlap parse_overlap(std::string_view text);
[[nodiscard]] const char* to_string(Missed missed) noexcept;
[[nodiscard]] const char* to_string(Overlap overlap) noexcept;

}  // namespace lethe
