#include "common/logging.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace lethe {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c == ' ' || c == '"' || c == '=' || c == '\\' || is_control(c);
         });
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (is_control(c)) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

LogFormat format_now = LogFormat::text;  // set before other threads exist, then only read

std::string json_text(std::string_view value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Level names as the text form has them.
constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%fZ %l %n %v";
constexpr const char* json_pattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","program":"%n",%v})";

}  // namespace

LogFormat log_format_from(std::string_view text) noexcept {
  return text == "json" ? LogFormat::json : LogFormat::text;
}

LogLevel log_level_from(std::string_view text) noexcept {
  if (text == "debug") return LogLevel::debug;
  if (text == "warn") return LogLevel::warn;
  if (text == "error") return LogLevel::error;
  return LogLevel::info;
}

std::string format_event(std::string_view name, std::initializer_list<LogField> fields) {
  std::string line = "event=";
  line += name;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (needs_quotes(field.value)) {
      append_quoted(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line;
}

std::string format_event_json(std::string_view name, std::initializer_list<LogField> fields) {
  std::string line = "\"event\":" + json_text(name);
  for (const LogField& field : fields)
    line += fmt::format(",{}:{}", json_text(field.key),
                        field.is_number ? field.value : json_text(field.value));
  return line;
}

void start_logging(const std::string& program, LogLevel least, LogFormat format) {
  format_now = format;
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(format == LogFormat::json ? json_pattern : text_pattern,
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_event(LogLevel level, std::string_view name, std::initializer_list<LogField> fields) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (logger.should_log(to_spdlog(level)))
    logger.log(to_spdlog(level), "{}",
               format_now == LogFormat::json ? format_event_json(name, fields)
                                             : format_event(name, fields));
}

}  // namespace lethe
