#include "common/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace lethe {

Bell::Bell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Bell::~Bell() { close(fd_); }

void Bell::ring() noexcept {
  const std::uint64_t one = 1;
  // Fails only when it has been rung 2^64 times, and then it can be read.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

void Bell::still() noexcept {
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto taken = read(fd_, &rings, sizeof rings);  // not rung: nothing to take
}

}  // namespace lethe
