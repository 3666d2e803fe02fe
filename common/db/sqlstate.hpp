#pragma once

#include <string_view>

#include "common/store_error.hpp"

namespace lethe::db {

/// Maps an SQLSTATE (five characters) to what the caller may do about it.
/// Source: PostgreSQL documentation, appendix A.
[[nodiscard]] Failure classify(std::string_view sqlstate) noexcept;

}  // namespace lethe::db
