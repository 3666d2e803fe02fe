#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace lethe {

/// One value of a YAML file and where it stands. An alias is the very node that it stands for.
struct YamlNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  int line = 1;       ///< from 1
  bool plain = true;  ///< scalar: written without quotes
  std::string text;   ///< scalar: as written, escapes resolved
  /// list: its items. map: key, value, key, value, ... in the file's order, duplicates included.
  std::vector<const YamlNode*> items;
  int height = 1;         ///< levels of lists and maps down to the deepest leaf
  std::size_t nodes = 1;  ///< in this value, aliases written out
};

/// A whole YAML file as a tree without cycles. Immutable; safe to share between threads.
class YamlDocument {
 public:
  /// Throws UserError (ExitCode::bad_config) that names `file` and the line for what is not one
  /// YAML document in UTF-8, and for what exceeds the limits: 1 MiB, 32 levels, and 1,000,000
  /// values with aliases written out. Tags are refused. Empty text is a null.
  static YamlDocument parse(std::string_view text, const std::string& file);

  [[nodiscard]] const YamlNode& root() const { return nodes_.front(); }

 private:
  std::deque<YamlNode> nodes_;  // a deque: nodes point at each other and must not move
};

}  // namespace lethe
