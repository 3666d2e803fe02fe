#include "common/config/settings_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "common/policies/text_rules.hpp"
#include "common/policies/yaml_document.hpp"
#include "common/user_error.hpp"

namespace lethe {

namespace {

constexpr std::streamsize file_bytes_max = 1 << 20;

[[noreturn]] void refuse(const std::string& file, int line, const std::string& why) {
  throw UserError(ExitCode::bad_config, fmt::format("{}:{}: {}", file, line, why));
}

std::vector<std::string> texts_of(const YamlNode& node, const std::string& file,
                                  const std::string& key) {
  if (node.kind == YamlNode::Kind::scalar) return {node.text};
  if (node.kind != YamlNode::Kind::list)
    refuse(file, node.line, key + ": must be one value or a list of values");
  std::vector<std::string> texts;
  for (const YamlNode* item : node.items) {
    if (item->kind != YamlNode::Kind::scalar)
      refuse(file, item->line, key + ": each item must be one value");
    texts.push_back(item->text);
  }
  return texts;
}

/// What is being read, and what may be there.
struct Reading {
  const std::string& file;
  const std::vector<std::string>& known;
  SettingsFile& result;
};

bool is_section(const Reading& reading, const std::string& key) {
  return std::any_of(reading.known.begin(), reading.known.end(),
                     [&](const std::string& one) { return one.rfind(key + "_", 0) == 0; });
}

/// Reads the entries of a map; `section` is what their keys begin with.
void read_map(const Reading& reading, const YamlNode& map, const std::string& section) {
  for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
    const YamlNode& key = *map.items[i];
    const YamlNode& value = *map.items[i + 1];
    const std::string name = section + key.text;
    if (key.kind == YamlNode::Kind::scalar && value.kind == YamlNode::Kind::map &&
        section.empty() && is_section(reading, name)) {
      read_map(reading, value, name + "_");
      continue;
    }
    if (key.kind != YamlNode::Kind::scalar ||
        std::find(reading.known.begin(), reading.known.end(), name) == reading.known.end())
      refuse(
          reading.file, key.line,
          fmt::format("unknown key {}; known are {}", shown(name), fmt::join(reading.known, ", ")));
    if (reading.result.count(name) > 0) refuse(reading.file, key.line, name + " is there twice");
    reading.result[name] = {.texts = texts_of(value, reading.file, name), .line = key.line};
  }
}

}  // namespace

SettingsFile parse_settings_file(std::string_view text, const std::string& file,
                                 const std::vector<std::string>& known) {
  const YamlDocument document = YamlDocument::parse(text, file);
  const YamlNode& root = document.root();
  SettingsFile result;
  if (root.kind == YamlNode::Kind::null) return result;
  if (root.kind != YamlNode::Kind::map)
    refuse(file, root.line, "must be a list of settings, each as key: value");
  read_map({.file = file, .known = known, .result = result}, root, "");
  return result;
}

std::string read_settings_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  stream.read(text.data(), file_bytes_max + 1);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad() || !stream.is_open() || (stream.fail() && !stream.eof()))
    throw UserError(ExitCode::bad_config,
                    fmt::format("{}: cannot be read; check the name and the rights", file));
  if (text.size() > file_bytes_max)
    throw UserError(ExitCode::bad_config, fmt::format("{}: is larger than 1 MiB", file));
  return text;
}

}  // namespace lethe
