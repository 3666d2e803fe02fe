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

}  // namespace

SettingsFile parse_settings_file(std::string_view text, const std::string& file,
                                 const std::vector<std::string>& known) {
  const YamlDocument document = YamlDocument::parse(text, file);
  const YamlNode& root = document.root();
  SettingsFile result;
  if (root.kind == YamlNode::Kind::null) return result;
  if (root.kind != YamlNode::Kind::map)
    refuse(file, root.line, "must be a list of settings, each as key: value");
  for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const YamlNode& key = *root.items[i];
    if (key.kind != YamlNode::Kind::scalar ||
        std::find(known.begin(), known.end(), key.text) == known.end())
      refuse(file, key.line,
             fmt::format("unknown key {}; known are {}", shown(key.text), fmt::join(known, ", ")));
    if (result.count(key.text) > 0) refuse(file, key.line, key.text + " is there twice");
    result[key.text] = {.texts = texts_of(*root.items[i + 1], file, key.text), .line = key.line};
  }
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
