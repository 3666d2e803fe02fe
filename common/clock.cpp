#include "common/clock.hpp"

#include <time.h>

#include <condition_variable>
#include <mutex>

namespace lethe {

std::chrono::milliseconds SystemClock::unix_time() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

Clock::time_point SystemClock::since_boot() const {
#ifdef CLOCK_BOOTTIME
  timespec time{};
  if (clock_gettime(CLOCK_BOOTTIME, &time) == 0)
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
#endif
  return now();
}

bool SystemClock::wait_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace lethe
