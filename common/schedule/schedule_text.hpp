#pragma once

#include <string>
#include <string_view>

namespace lethe {

/// `text` in lower case, without white space at its ends, words one space apart. Empty when there
/// are no words.
[[nodiscard]] std::string normalized(std::string_view text);

/// `text` in double quotes, fit for a one-line message: unprintable bytes become `?`, long text is
/// cut.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace lethe
