#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/control/control_bus.hpp"

namespace lethe {

// PORTS: what the control database knows of the control plane. Thread safety: none. Errors:
// StoreError.

/// Which schedulers can be reached, and where.
class SchedulerDirectory {
 public:
  virtual ~SchedulerDirectory() = default;
  /// Says that this scheduler is there; again every few seconds.
  virtual void announce(const SchedulerAddress& address, const std::string& version) = 0;
  virtual void withdraw(const std::string& holder) = 0;
  /// Those that said so lately, the leader first, then the newest.
  virtual std::vector<SchedulerAddress> live() = 0;
};

/// A key with what people want to know of it.
struct KeyRow {
  AllowedKey key{};
  std::string allowed_by{};
  std::string allowed_at{};  ///< ISO 8601 UTC
};

/// Who may connect. Schedulers read it every few seconds.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// Without those whose role only a newer version knows.
  virtual std::vector<KeyRow> list() = 0;
  /// Throws UserError (refused) when the name or the key is there already.
  virtual void allow(const AllowedKey& key, const std::string& actor) = 0;
  /// False when there is no key of that name.
  virtual bool revoke(const std::string& name, const std::string& actor) = 0;
};

/// Something that an operator wants done now.
struct OperatorCommand {
  std::string id{};      ///< chosen by whoever asks; the same id is carried out once
  std::string verb{};    ///< worker.quiet worker.resume worker.stop task.cancel run.cancel
  std::string object{};  ///< id of the worker, task or run
};

/// What became of it, as it was committed.
struct CommandAnswer {
  std::string code{};    ///< done refused not_found unsupported
  std::string detail{};  ///< one line for people
  [[nodiscard]] bool is_done() const { return code == "done"; }
};

class CommandStore {
 public:
  virtual ~CommandStore() = default;
  /// Carries it out in one transaction and records it in the audit; the answer that was given
  /// before, a refusal too, when the id was used before. A cancel also stops the SQL in flight.
  /// Safe to repeat after commit_unknown. Throws only StoreError, and has done nothing then or does
  /// not know: what an operator can mend is an answer.
  virtual CommandAnswer carry_out(const OperatorCommand& command, const std::string& actor) = 0;
};

/// Something was committed that others may want to hear of at once. A hint like every message.
struct ControlNews {
  enum class Kind {
    ready,  ///< `count` tasks of `target` may be leased
    look,   ///< worker `count` (0: each) should ask the registry what is wanted of it
    keys,   ///< the allowed keys changed
  };
  Kind kind = Kind::look;
  std::int64_t count = 0;
  std::string target{};
  std::string lane{};  ///< of the tasks; "": not known, or several
};

/// Hears of such news, as long as the connection holds.
class NewsListener {
 public:
  virtual ~NewsListener() = default;
  /// What came, after at most `duration`; sooner when `wake_fd` can be read. Connects first when
  /// there is no connection; then, and after every break, the news tell each worker to look,
  /// because something may have been missed.
  virtual std::vector<ControlNews> wait(std::chrono::milliseconds duration, int wake_fd) = 0;
};

/// A notification's text as news; nothing for what is none. Pure.
[[nodiscard]] std::optional<ControlNews> news_of(const std::string& text);

}  // namespace lethe
