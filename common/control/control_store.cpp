#include "common/control/control_store.hpp"

#include <charconv>

namespace lethe {

namespace {

/// Takes the first word off `text`.
std::string_view word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const std::string_view first = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return first;
}

}  // namespace

std::optional<ControlNews> news_of(const std::string& text) {
  std::string_view rest = text;
  const std::string_view kind = word(rest);
  if (kind == "keys") return ControlNews{.kind = ControlNews::Kind::keys};
  if (kind != "ready" && kind != "look") return std::nullopt;
  const std::string_view number = word(rest);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc() || end != number.data() + number.size() || count < 0)
    return std::nullopt;
  if (kind == "look") return ControlNews{.kind = ControlNews::Kind::look, .count = count};
  const std::string_view target = word(rest);  // a name, which holds no space; nor does a lane's
  return ControlNews{.kind = ControlNews::Kind::ready,
                     .count = count,
                     .target = std::string(target),
                     .lane = std::string(rest)};
}

}  // namespace lethe
