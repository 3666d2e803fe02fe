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

}  // namespace lethe
