#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/tasks/archive_store.hpp"

namespace lethe::archive {

/// ArchiveStore in a file system: DIRECTORY/RUN/NAME-HASH.csv.zst, compressed with zstd, and beside
/// it NAME-HASH.json, the manifest. HASH is the beginning of the content's sha256, so that a batch
/// that was rolled back and done anew leaves its first file alone. Files belong to whoever runs
/// this process, and are readable by their group.
class FileArchive final : public ArchiveStore {
 public:
  ArchiveFile write(const NewArchiveFile& file) override;
  std::string read(const ArchiveFile& file) override;
  std::string problem(const ArchiveFile& file, std::int64_t rows) override;
  std::vector<StrayFile> strays(const std::string& directory,
                                const std::function<bool(const std::string& file)>& known) override;
  void remove(const std::string& directory, const std::string& file) override;
};

}  // namespace lethe::archive
