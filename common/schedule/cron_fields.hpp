#pragma once

#include <bitset>
#include <string_view>

namespace lethe {

/// The values that one field of a cron line admits; bit n stands for the value n.
using FieldSet = std::bitset<64>;

/// A cron line as sets. Whether it can ever match has been checked.
struct CronFields {
  FieldSet minutes = {};        ///< 0..59
  FieldSet hours = {};          ///< 0..23
  FieldSet days_of_month = {};  ///< 1..31
  FieldSet months = {};         ///< 1..12
  FieldSet days_of_week = {};   ///< 0..6, Sunday is 0
  bool is_fixed = false;        ///< neither minute nor hour starts with `*`
  bool either_day_may = false;  ///< neither day field starts with `*`: one match is enough
};

/// Reads five fields, or a macro such as @daily. Throws std::invalid_argument whose one-line
/// message names the field and the cure. Pure.
[[nodiscard]] CronFields parse_cron_fields(std::string_view line);

}  // namespace lethe
