#include "common/archive/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/tasks/archive_store.hpp"

namespace lethe::archive {

namespace {

namespace fs = std::filesystem;

constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;
constexpr std::string_view partial_end = ".partial";

[[noreturn]] void fail(const char* verb, const fs::path& path, int error) {
  throw ArchiveError(
      fmt::format("cannot {} {}: {}", verb, path.string(), std::generic_category().message(error)));
}

/// An open file, closed at the end.
class Descriptor {
 public:
  Descriptor(const char* verb, const fs::path& path, int flags)
      : path_(path), number_(open(path.c_str(), flags | O_CLOEXEC, file_mode)) {
    if (number_ < 0) fail(verb, path, errno);
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = write(number_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) fail("write", path_, errno);
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() const {
    if (fsync(number_) != 0) fail("write", path_, errno);
  }
  /// Some file systems tell of a full disk only here.
  void close_checked() {
    const int number = number_;
    number_ = -1;
    if (close(number) != 0) fail("write", path_, errno);
  }
  std::size_t read_some(char* to, std::size_t size) const {
    for (;;) {
      const ssize_t got = ::read(number_, to, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) fail("read", path_, errno);
    }
  }

 private:
  const fs::path& path_;
  int number_;
};

void sync_directory(const fs::path& path) {
  Descriptor("write", path, O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace

void make_directory(const fs::path& path) {
  if (mkdir(path.c_str(), directory_mode) != 0) {
    const int error = errno;
    struct stat found {};
    const bool is_there = stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
    if (error != EEXIST || !is_there) fail("make directory", path, error);
  }
  sync_directory(path.parent_path());  // whoever made it may not have come to that
}

fs::path with_partial_name(const fs::path& path) {
  return path.parent_path() / fmt::format(".{}{}", path.filename().string(), partial_end);
}

bool has_partial_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.size() > partial_end.size() && name.front() == '.' && name.ends_with(partial_end);
}

void write_partial(const fs::path& path, std::string_view bytes) {
  const fs::path partial = with_partial_name(path);
  Descriptor file("write", partial, O_WRONLY | O_CREAT | O_TRUNC);
  file.write_all(bytes);
  file.sync();
  file.close_checked();
}

void finish_partial(const std::vector<fs::path>& paths) {
  for (const auto& path : paths)
    if (rename(with_partial_name(path).c_str(), path.c_str()) != 0) fail("write", path, errno);
  sync_directory(paths.at(0).parent_path());
}

std::string read_file(const fs::path& path) {
  const Descriptor file("read", path, O_RDONLY);
  std::string bytes;
  constexpr std::size_t step = 1 << 20;
  for (;;) {
    const std::size_t had = bytes.size();
    bytes.resize(had + step);
    const std::size_t got = file.read_some(bytes.data() + had, step);
    bytes.resize(had + got);
    if (got == 0) return bytes;
  }
}

}  // namespace lethe::archive
