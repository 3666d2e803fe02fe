#include "common/policies/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/policies/not_yet.hpp"
#include "common/policies/text_rules.hpp"
#include "common/user_error.hpp"

namespace lethe {
namespace {

const char* kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null: return "empty";
    case YamlNode::Kind::scalar: return "a single value";
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::map: return "a map";
  }
  return "";
}

bool is_bare_in_path(const std::string& key) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !key.empty() && key.size() <= 60 && std::all_of(key.begin(), key.end(), is_plain);
}

}  // namespace

const std::string& YamlValue::text() const {
  if (!is_scalar()) fail_type("must be text");
  return node_->text;
}

std::int64_t YamlValue::integer(std::int64_t min, std::int64_t max) const {
  const std::string wanted =
      fmt::format("must be a whole number from {} to {}, without quotes", min, max);
  if (!is_scalar()) fail_type(wanted);
  const std::string& digits = node_->text;
  const bool has_leading_zero = digits.size() > 1 && digits.front() == '0';
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || !node_->plain || has_leading_zero || number < min || number > max) {
    fail(fmt::format("{}; {} is not", wanted, shown(digits)));
  }
  return number;
}

bool YamlValue::boolean() const {
  constexpr const char* wanted =
      "must be true or false, without quotes; yes, no, on and off are "
      "not read";
  if (!is_scalar()) fail_type("must be true or false");
  if (node_->plain && node_->text == "true") return true;
  if (node_->plain && node_->text == "false") return false;
  fail(wanted);
}

std::vector<YamlValue> YamlValue::list(std::size_t min, std::size_t max) const {
  if (!is_list()) fail_type("must be a list");
  if (node_->items.size() < min) fail(fmt::format("must not be empty; list at least {}", min));
  if (node_->items.size() > max) {
    fail(fmt::format("has {} items; at most {} are allowed", node_->items.size(), max));
  }
  std::vector<YamlValue> result;
  result.reserve(node_->items.size());
  for (const YamlNode* item : node_->items) {
    std::string path = fmt::format("{}[{}]", path_, result.size());
    result.push_back(YamlValue(*item, *file_, std::move(path), item->line));
  }
  return result;
}

YamlMap YamlValue::map(std::size_t max) const {
  if (!is_map()) fail_type("must be a map");
  const std::size_t count = node_->items.size() / 2;
  if (count > max) fail(fmt::format("has {} keys; at most {} are allowed", count, max));
  std::vector<YamlMap::Member> members;
  members.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const YamlNode& key = *node_->items[2 * i];
    members.emplace_back(key.text, member(key, *node_->items[2 * i + 1]));
  }
  return YamlMap(*this, std::move(members));
}

YamlValue YamlValue::member(const YamlNode& key, const YamlNode& value) const {
  const auto refuse_key = [&](std::string_view problem) {
    YamlValue(key, *file_, path_, key.line).fail(problem);
  };
  if (key.kind == YamlNode::Kind::null) {
    refuse_key(R"(a key is null; write "null" in quotes if it is meant as text)");
  }
  if (key.kind != YamlNode::Kind::scalar) refuse_key("a key is a list or a map; write text");
  if (key.plain && key.text == "<<") {
    refuse_key("the merge key << is not supported; write its keys out");
  }
  return YamlValue(value, *file_, child_path(key.text), key.line);
}

std::string YamlValue::child_path(const std::string& key) const {
  if (!is_bare_in_path(key)) return fmt::format("{}[{}]", path_, shown(key));
  return path_.empty() ? key : fmt::format("{}.{}", path_, key);
}

void YamlValue::fail(std::string_view problem) const {
  const char* separator = path_.empty() ? "" : ": ";
  throw UserError(ExitCode::bad_config,
                  fmt::format("{}:{}: {}{}{}", *file_, line_, path_, separator, problem));
}

void YamlValue::fail_missing(std::string_view key, std::string_view example) const {
  YamlValue(*node_, *file_, child_path(std::string(key)), line_)
      .fail(fmt::format("is missing; add for example '{}: {}'", key, example));
}

void YamlValue::fail_type(std::string_view wanted) const {
  fail(fmt::format("{}; it is {}", wanted, kind_name(node_->kind)));
}

YamlMap::YamlMap(const YamlValue& self, std::vector<Member> members)
    : self_(self), members_(std::move(members)) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto [known, is_new] = index_.emplace(members_[i].first, i);
    if (is_new) continue;
    const YamlValue& value = members_[i].second;
    value.fail(fmt::format("written twice, on line {} and line {}; remove one",
                           members_[known->second].second.line(), value.line()));
  }
}

const YamlValue* YamlMap::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &members_[found->second].second;
}

const YamlValue& YamlMap::require(std::string_view key, std::string_view example) const {
  if (const YamlValue* value = find(key)) return *value;
  self_.fail_missing(key, example);
}

void YamlMap::check_keys(std::span<const std::string_view> known, std::string_view place) const {
  for (const auto& [key, value] : members_) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (is_not_yet(place, key)) value.fail(not_yet_message);
    value.fail(fmt::format("unknown key; known are {}", fmt::join(known, ", ")));
  }
}

}  // namespace lethe
