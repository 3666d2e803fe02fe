#pragma once

#include <string>
#include <string_view>

namespace lethe {

/// What is wrong with `url` as a target's libpq connection string, together with the cure; empty
/// when nothing is. The text never repeats any of `url`, for it may hold a password.
///
/// Finds secrets in both of libpq's forms (user:secret@ and secret parameters of a URI, secret keys
/// of a key=value string, either of them inside dbname) and is stricter than libpq where a secret
/// could hide behind a typing error. Whether libpq knows the other keys is checked elsewhere.
[[nodiscard]] std::string connection_url_problem(std::string_view url);

}  // namespace lethe
