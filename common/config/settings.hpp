#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lethe {

enum class SettingKind {
  number,      ///< whole number from `min` to `max`
  choice,      ///< one of `choices`
  text,        ///< what `problem` allows
  list,        ///< texts; in YAML a list, elsewhere separated by commas
  connection,  ///< libpq connection string or URI; may hold a secret, so it is printed with care
};

/// One setting of a daemon. A table of these is the only source for reading, printing and
/// documenting them.
struct SettingSpec {
  std::string key;        ///< in the file; LETHE_<KEY> in the environment
  std::string env = {};   ///< another name in the environment; "" is the usual one
  std::string flag = {};  ///< e.g. "--slots"; "" when there is none
  std::string bare = {};  ///< what the flag means without a value; "": it needs one
  SettingKind kind = SettingKind::number;
  std::string unit = {};                  ///< for the documentation
  std::int64_t min = 0;                   ///< of a number; of a list: fewest items
  std::int64_t max = 0;                   ///< of a number
  std::vector<std::string> choices = {};  ///< of a choice, or of each item of a list; empty: any
  /// What is wrong with a list or text, for people; "" when nothing is. Empty: nothing to check.
  std::function<std::string(const std::vector<std::string>& texts)> problem = {};
  std::string fallback = {};  ///< the default, written as in the environment
  std::string help = {};      ///< one line
};
using SettingTable = std::vector<SettingSpec>;

[[nodiscard]] std::string environment_name(const SettingSpec& spec);
/// "1..64", "debug info warn error", or "" when anything is allowed.
[[nodiscard]] std::string range_text(const SettingSpec& spec);

/// The values of all settings of a table, and where each came from. Immutable.
class Settings {
 public:
  struct Value {
    SettingSpec spec;
    std::vector<std::string> texts;  ///< a list: its items; else exactly one
    std::string origin;              ///< "default", "worker.yaml:3", "LETHE_SLOTS", "--slots"
  };
  explicit Settings(std::vector<Value> values) : values_(std::move(values)) {}

  /// Each asserts that the table has `key` with that kind.
  [[nodiscard]] std::int64_t number(const std::string& key) const;
  [[nodiscard]] const std::string& text(const std::string& key) const;
  [[nodiscard]] const std::vector<std::string>& list(const std::string& key) const;

  /// Every setting as a line of YAML with its origin as a comment; a connection string that holds
  /// a secret is hidden.
  [[nodiscard]] std::string print() const;

 private:
  [[nodiscard]] const Value& value(const std::string& key) const;
  std::vector<Value> values_;
};

/// Where settings come from. Later ones win: default, file, environment, flag.
struct SettingSources {
  std::string file;       ///< its name, for messages; "" when there is none
  std::string file_text;  ///< its YAML
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::map<std::string, std::vector<std::string>> flags;  ///< by key
};

/// Reads and checks all settings of `table`. Throws UserError that names the key, where it stands,
/// and what is allowed: usage for a flag, bad_config for the file and the environment. A key that
/// is not in the table is refused, as is a secret in a flag. An empty environment variable counts
/// as absent.
[[nodiscard]] Settings read_settings(const SettingTable& table, const SettingSources& sources);

}  // namespace lethe
