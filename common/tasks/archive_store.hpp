#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lethe {

/// What an archive cannot do: one line that names the file or directory and what is wrong with it.
class ArchiveError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Rows of one batch on their way into a file.
struct NewArchiveFile {
  std::string directory;  ///< the policy's, absolute
  std::string run;        ///< a ULID
  std::string name;       ///< of [0-9A-Za-z-]; the file's begins with it
  std::string content;    ///< CSV, uncompressed
  std::string manifest;   ///< a JSON object; file, bytes and sha256 are added to it
};

/// A file of an archive, by what its batch's row in the target says.
struct ArchiveFile {
  std::string directory;
  std::string file;    ///< within it: RUN/NAME.csv.zst
  std::string sha256;  ///< of the file as it is, in hex
  std::int64_t bytes = 0;
};

/// A file that is there though nobody asked for it.
struct StrayFile {
  std::string directory;
  std::string file;               ///< within it
  std::string target;             ///< by its manifest; "": there is none that can be read
  std::string system_identifier;  ///< by its manifest
};

/// PORT: files with the rows that batches took.
///
/// Thread safety: none; one per thread. Errors: ArchiveError.
class ArchiveStore {
 public:
  virtual ~ArchiveStore() = default;

  /// Writes a file and its manifest. Returns when both would outlive a crash of the machine. Never
  /// replaces a file with other content.
  [[nodiscard]] virtual ArchiveFile write(const NewArchiveFile& file) = 0;

  /// The content that was written. Throws unless the file is what was recorded.
  [[nodiscard]] virtual std::string read(const ArchiveFile& file) = 0;

  /// What is wrong with a file or its manifest, in one line; "" when nothing is. `rows` must be
  /// what the manifest says.
  [[nodiscard]] virtual std::string problem(const ArchiveFile& file, std::int64_t rows) = 0;

  /// Files of runs in a directory, manifests aside, that are not known; those that were not
  /// finished too. At most 100,000. None where the directory does not exist.
  [[nodiscard]] virtual std::vector<StrayFile> strays(
      const std::string& directory, const std::function<bool(const std::string& file)>& known) = 0;

  /// Removes a file and its manifest; none of them need be there any more, but the directory must.
  virtual void remove(const std::string& directory, const std::string& file) = 0;
};

}  // namespace lethe
