#pragma once

#include <filesystem>
#include <string>

#include "common/control/control_bus.hpp"

namespace lethe::transport {

/// A new pair of keys. Throws UserError (failed) where ZeroMQ was built without CURVE.
[[nodiscard]] CurveKey generate_key();

/// Writes a key to a new file that only its owner may read. Throws UserError (refused) when there
/// is a file of that name, (failed) when it cannot be written; then no file is left.
void write_key_file(const std::filesystem::path& file, const CurveKey& key);

/// Reads a key file. Throws UserError (bad_config) that names the file and the cure: not there, not
/// a plain file, open to others than its owner, owned by somebody else, not a key, or keys that do
/// not belong together. Never repeats its contents.
[[nodiscard]] CurveKey read_key_file(const std::filesystem::path& file);

/// True for 40 characters of Z85 that are a key. Pure.
[[nodiscard]] bool is_public_key(const std::string& text);

}  // namespace lethe::transport
