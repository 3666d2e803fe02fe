#include "common/transport/curve_key_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <system_error>

#include "common/user_error.hpp"

namespace lethe::transport {

namespace {

constexpr std::size_t z85_bytes = 41;  // with the 0 at its end
constexpr std::size_t file_bytes_max = 4'096;
constexpr const char* first_line = "lethe-key 1";

/// Closes a descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason() { return std::generic_category().message(errno); }

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw UserError(ExitCode::bad_config, fmt::format("key file {}: {}", file.string(), why));
}

/// The file's text, if nobody else can have read or written it.
std::string private_text(const std::filesystem::path& file) {
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0)
    refuse(file, fmt::format("{}; make one with lethe keys generate", reason()));
  struct stat facts {};
  if (fstat(descriptor.get(), &facts) != 0) refuse(file, reason());
  if (!S_ISREG(facts.st_mode)) refuse(file, "is not a plain file");
  if ((facts.st_mode & 077U) != 0)
    refuse(file, "others may read or change it; chmod 600 it, or make a new one if they did");
  if (facts.st_uid != geteuid() && facts.st_uid != 0)
    refuse(file, "belongs to somebody else; chown it to whom this program runs as");
  std::string text(file_bytes_max, '\0');
  const auto bytes = read(descriptor.get(), text.data(), text.size());
  if (bytes < 0) refuse(file, reason());
  text.resize(static_cast<std::size_t>(bytes));
  return text;
}

std::string public_of(const std::string& secret) {
  std::array<char, z85_bytes> text{};
  return zmq_curve_public(text.data(), secret.c_str()) == 0 ? std::string(text.data()) : "";
}

}  // namespace

CurveKey generate_key() {
  std::array<char, z85_bytes> public_key{};
  std::array<char, z85_bytes> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
    throw UserError(ExitCode::failed, "this ZeroMQ was built without CURVE; install another one");
  return {.public_key = public_key.data(), .secret_key = secret_key.data()};
}

void write_key_file(const std::filesystem::path& file, const CurveKey& key) {
  const std::string text =
      fmt::format("{}\npublic {}\nsecret {}\n", first_line, key.public_key, key.secret_key);
  const Descriptor descriptor(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (descriptor.get() < 0 && errno == EEXIST)
    throw UserError(ExitCode::refused,
                    fmt::format("{} is there already; choose another name", file.string()));
  const auto failed = [&file] {
    return UserError(ExitCode::failed, fmt::format("cannot write {}: {}", file.string(), reason()));
  };
  if (descriptor.get() < 0) throw failed();
  const auto written = write(descriptor.get(), text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size()) && fsync(descriptor.get()) == 0) return;
  const UserError error = failed();
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  throw error;
}

CurveKey read_key_file(const std::filesystem::path& file) {
  std::istringstream lines(private_text(file));
  std::string head;
  std::getline(lines, head);
  std::string public_word;
  std::string secret_word;
  CurveKey key;
  lines >> public_word >> key.public_key >> secret_word >> key.secret_key;
  if (!lines || head != first_line || public_word != "public" || secret_word != "secret" ||
      !is_public_key(key.public_key) || !is_public_key(key.secret_key))
    refuse(file, "is not a key; make one with lethe keys generate");
  if (public_of(key.secret_key) != key.public_key)
    refuse(file, "its two keys do not belong together; make new ones with lethe keys generate");
  return key;
}

bool is_public_key(const std::string& text) {
  std::array<std::uint8_t, 32> bytes{};
  return text.size() == z85_bytes - 1 && text.find('\0') == std::string::npos &&
         zmq_z85_decode(bytes.data(), text.c_str()) != nullptr;
}

}  // namespace lethe::transport
