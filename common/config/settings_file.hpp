#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lethe {

/// One key of a settings file.
struct SettingsFileEntry {
  std::vector<std::string> texts;  ///< a list: its items; else exactly one
  int line = 1;
};
using SettingsFile = std::map<std::string, SettingsFileEntry>;

/// Reads a YAML map of texts and lists of texts. A map in it is a section: `http: {port: 9464}` is
/// `http_port: 9464`. Empty text is an empty map. Throws UserError
/// (bad_config) that starts with `file` and the line, for anything else, for a key that is not in
/// `known`, and for a key that is there twice. Never repeats a value, for it may be a secret.
[[nodiscard]] SettingsFile parse_settings_file(std::string_view text, const std::string& file,
                                               const std::vector<std::string>& known);

/// The file's text. Throws UserError (bad_config) when it cannot be read or is larger than 1 MiB.
[[nodiscard]] std::string read_settings_file(const std::string& file);

}  // namespace lethe
