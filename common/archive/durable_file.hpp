#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::archive {

// Files that outlive a crash of the machine. Errors: ArchiveError that names the path.

/// Makes a directory in one that is there, unless it is there already. Returns when it is on disk.
void make_directory(const std::filesystem::path& path);

/// Writes a file under a name that no reader minds (with_partial_name) and returns when its bytes
/// are on disk. Replaces what an attempt before has left under that name.
void write_partial(const std::filesystem::path& path, std::string_view bytes);

/// Gives files that write_partial() wrote their names, in this order; all in one directory. Returns
/// when the names are on disk too.
void finish_partial(const std::vector<std::filesystem::path>& paths);

/// .NAME.partial
[[nodiscard]] std::filesystem::path with_partial_name(const std::filesystem::path& path);
[[nodiscard]] bool has_partial_name(const std::filesystem::path& path);

/// All of a file.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace lethe::archive
