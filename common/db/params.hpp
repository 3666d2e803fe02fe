#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::db {

/// The parameters of one statement as text, in PostgreSQL's input form; nullopt is NULL. One plain
/// type for every call, because the way to pass parameters differs between libpqxx 6, 7 and 8.
class Params {
 public:
  template <class... Args>
  static Params of(const Args&... args) {
    Params params;
    (params.add(args), ...);
    return params;
  }

  void add(std::string value) { values_.emplace_back(std::move(value)); }
  void add(std::string_view value) { values_.emplace_back(std::string(value)); }
  void add(const char* value) { values_.emplace_back(value); }
  void add(std::nullopt_t) { values_.emplace_back(std::nullopt); }
  void add(bool value) { values_.emplace_back(value ? "true" : "false"); }
  template <std::integral T>
  void add(T value) {
    values_.emplace_back(std::to_string(value));
  }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value.has_value()) {
      add(*value);
    } else {
      add(std::nullopt);
    }
  }

  /// Adds `value` and returns its placeholder, "$3", for statements built at run time.
  template <class T>
  std::string bind(const T& value) {
    add(value);
    return "$" + std::to_string(values_.size());
  }

  [[nodiscard]] const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::vector<std::optional<std::string>> values_;
};

/// A byte string as bytea input text: \x0badf00d.
[[nodiscard]] std::string to_bytea(std::string_view bytes);
/// What the server prints for a bytea, back into bytes. Throws std::invalid_argument.
[[nodiscard]] std::string from_bytea(std::string_view text);

/// A list as the input text of a PostgreSQL array: {"a","b \"c\""}.
[[nodiscard]] std::string to_array(const std::vector<std::string>& items);
/// What to_array() made, back into a list; "" is an empty one. Throws std::invalid_argument.
[[nodiscard]] std::vector<std::string> from_array(std::string_view text);

}  // namespace lethe::db
