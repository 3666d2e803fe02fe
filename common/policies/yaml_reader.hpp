#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/policies/yaml_document.hpp"

namespace lethe {

class YamlMap;

/// A value of a policy file that knows its path and line, and reads itself as a type. Every member
/// that reads throws UserError (ExitCode::bad_config) "FILE:LINE: PATH: problem; cure" when the
/// value is of another type or out of range. Borrows the document and the file's name.
class YamlValue {
 public:
  /// The whole file; its path is empty.
  YamlValue(const YamlNode& root, const std::string& file)
      : node_(&root), file_(&file), line_(root.line) {}

  [[nodiscard]] bool is_null() const { return node_->kind == YamlNode::Kind::null; }
  [[nodiscard]] bool is_scalar() const { return node_->kind == YamlNode::Kind::scalar; }
  [[nodiscard]] bool is_list() const { return node_->kind == YamlNode::Kind::list; }
  [[nodiscard]] bool is_map() const { return node_->kind == YamlNode::Kind::map; }
  /// From 1. Of the key where there is one.
  [[nodiscard]] int line() const { return line_; }
  /// Like policies[0].tenant.overrides.acme.retain.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Any scalar as it is written, numbers included; never a null.
  [[nodiscard]] const std::string& text() const;
  /// A plain decimal number in [min, max].
  [[nodiscard]] std::int64_t integer(std::int64_t min, std::int64_t max) const;
  /// A plain true or false; YAML's other spellings are refused.
  [[nodiscard]] bool boolean() const;
  /// The items of a list of min to max items.
  [[nodiscard]] std::vector<YamlValue> list(std::size_t min, std::size_t max) const;
  /// A map of at most `max` keys, each a scalar and there once.
  [[nodiscard]] YamlMap map(std::size_t max) const;

  /// Refuses this value. `problem` says what is wrong and, after a semicolon, the cure.
  [[noreturn]] void fail(std::string_view problem) const;
  /// Refuses this map because it lacks `key`; `example` is a value for the message.
  [[noreturn]] void fail_missing(std::string_view key, std::string_view example) const;

 private:
  YamlValue(const YamlNode& node, const std::string& file, std::string path, int line)
      : node_(&node), file_(&file), path_(std::move(path)), line_(line) {}
  [[noreturn]] void fail_type(std::string_view wanted) const;
  [[nodiscard]] std::string child_path(const std::string& key) const;
  [[nodiscard]] YamlValue member(const YamlNode& key, const YamlNode& value) const;

  const YamlNode* node_;
  const std::string* file_;
  std::string path_;
  int line_;
};

/// A map that was read: its members in the file's order, each key once.
class YamlMap {
 public:
  using Member = std::pair<std::string, YamlValue>;  ///< key and value

  YamlMap(const YamlValue& self, std::vector<Member> members);

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  /// Null when the key is not there.
  [[nodiscard]] const YamlValue* find(std::string_view key) const;
  /// Refuses the map when the key is not there, as YamlValue::fail_missing.
  [[nodiscard]] const YamlValue& require(std::string_view key, std::string_view example) const;
  /// Refuses a key that is not among `known`. `place` is where to look in not_yet.hpp.
  void check_keys(std::span<const std::string_view> known, std::string_view place) const;

 private:
  YamlValue self_;
  std::vector<Member> members_;
  std::map<std::string, std::size_t, std::less<>> index_;  // key to place in members_
};

}  // namespace lethe
