#include "common/policies/yaml_document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <unordered_map>

#include "common/policies/text_rules.hpp"
#include "common/user_error.hpp"

namespace lethe {
namespace {

constexpr std::size_t max_bytes = 1U << 20U;
constexpr std::size_t max_depth = 32;
constexpr std::size_t max_nodes = 1'000'000;

[[noreturn]] void refuse(const std::string& file, int line, std::string_view problem) {
  throw UserError(ExitCode::bad_config, fmt::format("{}:{}: {}", file, line, problem));
}

int line_of(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

/// Builds the tree from the parser's events. YAML::Node is not used: it forgets duplicate keys'
/// lines, reads only the first document, and lets an alias stand for a node around it.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::deque<YamlNode>& nodes, const std::string& file) : nodes_(nodes), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!nodes_.empty()) {
      refuse(file_, line_of(mark), "the file goes on after its first document; keep only one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(add(YamlNode::Kind::null, mark, anchor), line_of(mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const YamlNode& node = *anchors_.at(anchor);
    if (std::find(open_.begin(), open_.end(), &node) != open_.end()) {
      refuse(file_, line_of(mark), "an alias stands for a value that it is part of; write it out");
    }
    attach(node, line_of(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    YamlNode& node = add(YamlNode::Kind::scalar, mark, anchor);
    node.plain = tag == "?";
    node.text = value;
    attach(node, line_of(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(add(YamlNode::Kind::list, mark, anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(add(YamlNode::Kind::map, mark, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  /// yaml-cpp says "?" for plain and "!" for quoted values; anything else was written as a tag.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(file_, line_of(mark), fmt::format("the tag {} is not supported; remove it", shown(tag)));
  }

  YamlNode& add(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    YamlNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.line = line_of(mark);
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void open(YamlNode& node) {
    open_.push_back(&node);
    refuse_deep(open_.size(), node.line);
  }

  void close() {
    const YamlNode& node = *open_.back();
    open_.pop_back();
    attach(node, node.line);
  }

  void attach(const YamlNode& node, int line) {
    if (open_.empty()) return;
    YamlNode& parent = *open_.back();
    parent.items.push_back(&node);
    parent.height = std::max(parent.height, node.height + 1);
    parent.nodes += node.nodes;
    refuse_deep(open_.size() + static_cast<std::size_t>(node.height) - 1, line);
    if (parent.nodes > max_nodes) {
      refuse(file_, line, fmt::format("more than {} values; split the file", max_nodes));
    }
  }

  void refuse_deep(std::size_t depth, int line) const {
    if (depth <= max_depth) return;
    refuse(file_, line, fmt::format("nested more than {} levels deep; flatten it", max_depth));
  }

  std::deque<YamlNode>& nodes_;
  const std::string& file_;
  std::vector<YamlNode*> open_;  // the lists and maps around the current value, outermost first
  std::unordered_map<YAML::anchor_t, const YamlNode*> anchors_;
};

/// Refuses what YAML forbids and yaml-cpp lets pass; to it the byte 4 is the end of the file.
void refuse_binary(std::string_view text, const std::string& file) {
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    const auto byte = static_cast<std::uint8_t>(c);
    const bool is_blank = c == '\n' || c == '\r' || c == '\t';
    if ((byte < 0x20 && !is_blank) || byte == 0x7F) {
      refuse(
          file, line,
          fmt::format("byte 0x{:02x} is not text; is this a policy file? Write it in UTF-8", byte));
    }
  }
  if (!is_utf8(text)) refuse(file, 1, "the file is not valid UTF-8; save it as UTF-8");
}

}  // namespace

YamlDocument YamlDocument::parse(std::string_view text, const std::string& file) {
  if (text.size() > max_bytes) {
    refuse(file, 1, fmt::format("the file is larger than {} bytes; split it", max_bytes));
  }
  refuse_binary(text, file);
  YamlDocument document;
  TreeBuilder builder(document.nodes_, file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    refuse(file, line_of(error.mark),
           fmt::format("not valid YAML ({}); mend the indentation or brackets here, and put quotes "
                       "around text that starts with * @ & ! % or holds ': '",
                       error.msg));
  }
  if (document.nodes_.empty()) document.nodes_.emplace_back();
  return document;
}

}  // namespace lethe
