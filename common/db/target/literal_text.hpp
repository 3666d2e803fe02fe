#pragma once

// Private to common/db. Pure.

#include <string>

#include "common/db/target/batch_delete.hpp"

namespace lethe::db {

/// The statement with its values in place of $1, $2 …, as a person can run it: what looks like a
/// placeholder inside of a quoted name or text stays.
[[nodiscard]] std::string with_literals(const BuiltStatement& built);

/// The same as a script for psql that can only read, under the settings that our sessions have.
[[nodiscard]] std::string read_only_script(const BuiltStatement& built);

}  // namespace lethe::db
