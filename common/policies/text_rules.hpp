#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lethe {

/// True for well-formed UTF-8 (no overlong forms, no surrogates). Empty text is well-formed.
[[nodiscard]] bool is_utf8(std::string_view text);

/// True when UTF-8 `text` holds a control character: U+0000 to U+001F or U+007F to U+009F.
[[nodiscard]] bool has_control_character(std::string_view text);

/// `text` between double quotes for a message: always one line, control characters escaped, cut
/// after about 60 bytes.
[[nodiscard]] std::string shown(std::string_view text);

/// What is wrong with `text` as the name of a column, table or schema in PostgreSQL (1..63 bytes of
/// UTF-8 without control characters), together with the cure. Empty when nothing is.
[[nodiscard]] std::string identifier_problem(std::string_view text);

/// "1234567" as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);

/// A number with its noun: "1 row", "12,345 rows".
[[nodiscard]] std::string counted(std::int64_t number, std::string_view one, std::string_view many);

}  // namespace lethe
