#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lethe {

enum class LogLevel {
  debug,  ///< for developers
  info,   ///< a change of state that an operator may ask about
  warn,   ///< trouble that heals by itself
  error,  ///< a person is needed
};

/// "debug", "info", "warn" or "error" as a level; anything else is info.
[[nodiscard]] LogLevel log_level_from(std::string_view text) noexcept;

/// One key=value of a log line. Never a secret, never the contents of a row.
struct LogField {
  LogField(std::string_view field_key, std::string field_value)
      : key(field_key), value(std::move(field_value)) {}
  LogField(std::string_view field_key, std::string_view field_value)
      : key(field_key), value(field_value) {}
  LogField(std::string_view field_key, const char* field_value)
      : key(field_key), value(field_value) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> LogField(std::string_view field_key, Number number)
      : key(field_key), value(std::to_string(number)), is_number(std::is_integral_v<Number>) {}

  std::string_view key;
  std::string value;
  bool is_number = false;
};

/// How a line of the log looks.
enum class LogFormat {
  text,  ///< 2026-01-01T00:00:00.000000Z info lethe-worker event=name key=value
  json,  ///< {"time":"…Z","level":"info","program":"lethe-worker","event":"name","key":"value"}
};

/// "json" as a format; anything else is text.
[[nodiscard]] LogFormat log_format_from(std::string_view text) noexcept;

/// `event=name key=value` on one line. A value that is empty or holds a blank, a quote, an equals
/// sign or a control character is put in quotes, with \" \\ \n and \xNN escapes. Pure.
[[nodiscard]] std::string format_event(std::string_view name,
                                       std::initializer_list<LogField> fields);

/// The members of a JSON object with that event, to be put after others: `"event":"name"` and one
/// per field, whole numbers as numbers. What is not UTF-8 is replaced. Pure.
[[nodiscard]] std::string format_event_json(std::string_view name,
                                            std::initializer_list<LogField> fields);

/// Sends the log of this process to standard error, one event a line, with UTC time, level and
/// `program`. Call it once, before other threads exist; without it lines go to spdlog's default
/// logger.
void start_logging(const std::string& program, LogLevel least, LogFormat format = LogFormat::text);

/// Writes one event. Safe from any thread.
void log_event(LogLevel level, std::string_view name, std::initializer_list<LogField> fields);

}  // namespace lethe
