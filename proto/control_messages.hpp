#pragma once

// What the processes of the fleet say to each other. proto/PROTOCOL.md is the contract: who sends
// each message and when, its limits, and what happens when it is lost. No message is needed for
// anything to be right; each only makes something sooner.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lethe::wire {

inline constexpr std::uint64_t protocol_version = 1;
/// Longest frame that is read or sent, in bytes; the sockets are told the same.
inline constexpr std::size_t frame_bytes_max = 65'536;
inline constexpr std::size_t id_bytes_max = 64;         ///< of every text that is not named below
inline constexpr std::size_t text_bytes_max = 256;      ///< instance, version, actor
inline constexpr std::size_t detail_bytes_max = 1'000;  ///< detail, why
inline constexpr std::size_t progress_max = 64;         ///< entries of one beat
inline constexpr std::size_t names_max = 64;            ///< targets, and lanes, in one beat
/// Whole numbers go no further, so that every language can hold them.
inline constexpr std::uint64_t number_max = (std::uint64_t{1} << 53U) - 1;

/// How far one task has come: totals of its fence, so that a lost or repeated report does no harm.
struct TaskProgress {
  std::string task{};
  std::string run{};
  std::string policy{};  ///< "" for an ad-hoc run
  std::string target{};
  std::uint64_t epoch = 0;
  std::string outcome{};         ///< how the lease ended: again, done, fail, ...
  std::uint64_t batches = 0;     ///< cumulative; 0: not known
  std::uint64_t rows = 0;        ///< cumulative
  std::uint64_t batch_rows = 0;  ///< of the last batch
  std::uint64_t took_ms = 0;     ///< of the last batch
  friend bool operator==(const TaskProgress&, const TaskProgress&) = default;
};

/// Worker to every scheduler: "I am alive, so busy am I, and this has moved since my last beat".
struct Beat {
  static constexpr std::string_view type = "beat";
  std::uint64_t worker = 0;  ///< its registration; 0: not registered
  std::string instance{};    ///< host:pid, for people
  std::string version{};
  std::string phase{};  ///< running, quiet or draining
  std::uint64_t slots = 0;
  std::uint64_t busy = 0;
  std::vector<std::string> targets{};  ///< that it works for; empty: any
  std::vector<TaskProgress> progress{};
  std::vector<std::string> lanes{};  ///< that it leases from; empty: not said, may be any
  friend bool operator==(const Beat&, const Beat&) = default;
};

/// Worker to one scheduler: "I have committed an admission; so many tasks may be leased now".
struct Ready {
  static constexpr std::string_view type = "ready";
  std::string target{};
  std::uint64_t tasks = 0;
  std::string lane{};  ///< "": not known, or several
  friend bool operator==(const Ready&, const Ready&) = default;
};

/// Scheduler to worker: "your beat has arrived".
struct BeatAck {
  static constexpr std::string_view type = "beat_ack";
  std::uint64_t beat = 0;  ///< the `s` of the beat
  friend bool operator==(const BeatAck&, const BeatAck&) = default;
};

/// Scheduler to worker: "ask the queue now".
struct Wake {
  static constexpr std::string_view type = "wake";
  std::uint64_t tasks = 0;  ///< that became ready
  friend bool operator==(const Wake&, const Wake&) = default;
};

/// Scheduler to worker: "ask the registry now what is wanted of you".
struct Look {
  static constexpr std::string_view type = "look";
  std::string why{};  ///< for the log
  friend bool operator==(const Look&, const Look&) = default;
};

/// Operator to scheduler: "do this". The envelope's id makes it idempotent.
struct Command {
  static constexpr std::string_view type = "command";
  std::string verb{};    ///< worker.quiet worker.resume worker.stop task.cancel run.cancel
  std::string object{};  ///< id of the worker, task or run
  friend bool operator==(const Command&, const Command&) = default;
};

/// Scheduler to operator: what became of a command, after the control database has committed it.
struct Answer {
  static constexpr std::string_view type = "answer";
  bool ok = false;
  std::string code{};    ///< done refused not_found unreachable unsupported malformed
  std::string detail{};  ///< one line for people
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// Scheduler to subscribers: a worker as its last beat has it.
struct WorkerEvent {
  static constexpr std::string_view type = "worker";
  std::uint64_t worker = 0;
  std::string instance{};
  std::string version{};
  std::string phase{};  ///< running, quiet, draining, or silent: not heard of for a while
  std::uint64_t slots = 0;
  std::uint64_t busy = 0;
  friend bool operator==(const WorkerEvent&, const WorkerEvent&) = default;
};

/// Scheduler to subscribers: a batch of a task has ended.
struct ProgressEvent {
  static constexpr std::string_view type = "progress";
  std::uint64_t worker = 0;
  TaskProgress task{};
  friend bool operator==(const ProgressEvent&, const ProgressEvent&) = default;
};

/// Scheduler to subscribers: tasks may be leased.
struct ReadyEvent {
  static constexpr std::string_view type = "tasks_ready";
  std::string target{};  ///< "" when it is not known
  std::uint64_t tasks = 0;
  friend bool operator==(const ReadyEvent&, const ReadyEvent&) = default;
};

/// Scheduler to subscribers: a command was carried out, or refused.
struct CommandEvent {
  static constexpr std::string_view type = "commanded";
  std::string verb{};
  std::string object{};
  std::string actor{};
  std::string code{};  ///< as Answer::code
  friend bool operator==(const CommandEvent&, const CommandEvent&) = default;
};

using Message = std::variant<Beat, Ready, BeatAck, Wake, Look, Command, Answer, WorkerEvent,
                             ProgressEvent, ReadyEvent, CommandEvent>;

/// One frame: a message and what goes with every message.
struct Envelope {
  std::string id{};            ///< of a command, chosen by its sender; else ""
  std::string re{};            ///< of an answer: the command's id; else ""
  std::uint64_t sequence = 0;  ///< grows with every message of one sender on one socket
  std::uint64_t at_ms = 0;     ///< sender's clock, milliseconds since 1970; never for a decision
  Message message{};
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// The word for a message in `t`.
[[nodiscard]] inline std::string_view type_of(const Message& message) {
  return std::visit([](const auto& one) { return std::decay_t<decltype(one)>::type; }, message);
}

}  // namespace lethe::wire
