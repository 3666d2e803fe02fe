#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace lethe {

/// A descriptor that can be read once somebody has rung, for loops that wait for sockets.
class Bell {
 public:
  Bell();  ///< throws std::system_error
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() noexcept;
  /// The descriptor cannot be read any more, until the next ring.
  void still() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// What one thread leaves for another one that waits for sockets. Holds at most `items_max`; what
/// comes then pushes the oldest out. Safe from any thread.
template <class Item>
class Mailbox {
 public:
  explicit Mailbox(std::size_t items_max) : items_max_(items_max) {}

  void put(Item item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= items_max_) {
        items_.pop_front();
        has_lost_ = true;
      }
      items_.push_back(std::move(item));
    }
    bell_.ring();
  }

  /// Everything, the oldest first; may be empty.
  [[nodiscard]] std::deque<Item> take() {
    bell_.still();
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

  /// Whether something was pushed out since this was asked last.
  [[nodiscard]] bool has_lost() {
    const std::lock_guard lock(mutex_);
    return std::exchange(has_lost_, false);
  }

  /// Wakes whoever waits, though nothing is here for him.
  void ring() noexcept { bell_.ring(); }

  [[nodiscard]] int fd() const noexcept { return bell_.fd(); }

 private:
  const std::size_t items_max_;
  Bell bell_;
  std::mutex mutex_;
  // guarded by mutex_
  std::deque<Item> items_;
  bool has_lost_ = false;
};

}  // namespace lethe
