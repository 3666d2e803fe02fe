#include "common/tasks/task_queue.hpp"

namespace lethe {

const char* to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::done: return "done";
    case Outcome::again: return "again";
    case Outcome::fail: return "fail";
    case Outcome::release: return "release";
    case Outcome::cancel: return "cancel";
    case Outcome::dead: return "dead";
  }
  return "unknown";
}

const char* to_string(Wanted wanted) noexcept {
  switch (wanted) {
    case Wanted::running: return "running";
    case Wanted::quiet: return "quiet";
    case Wanted::stop: return "stop";
  }
  return "unknown";
}

}  // namespace lethe
