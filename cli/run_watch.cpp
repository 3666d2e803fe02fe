#include "cli/run_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/event_feed.hpp"
#include "cli/lookup.hpp"
#include "cli/progress.hpp"
#include "cli/records.hpp"
#include "cli/text.hpp"
#include "common/policies/policy_json.hpp"
#include "common/store_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::chrono::milliseconds poll_interval{250};
constexpr std::chrono::milliseconds look_interval_min{50};
constexpr int failures_max = 20;  // in a row: five seconds without the control database

/// Reads the run; a database that is away for a moment is no reason to stop watching.
class RunReader {
 public:
  RunReader(Stores& stores, std::string id) : stores_(stores), id_(std::move(id)) {}

  /// Without its spec; nothing when the database did not answer this time.
  std::optional<RunRow> glance() {
    return ask([this] {
      auto run = stores_.runs.glance(id_);
      return run ? std::move(*run) : find_run(stores_, id_);  // which says that there is none
    });
  }

  std::optional<RunRow> read() {
    return ask([this] { return find_run(stores_, id_); });
  }

 private:
  template <class Question>
  std::optional<RunRow> ask(Question&& question) {
    try {
      RunRow run = question();
      failures_ = 0;
      return run;
    } catch (const StoreError& error) {
      ++failures_;
      if (error.failure() == Failure::rejected || failures_ > failures_max) throw;
      return std::nullopt;
    }
  }

  Stores& stores_;
  std::string id_;
  int failures_ = 0;
};

/// Waits between two looks at a run: for an event of it where events can be had, so that each batch
/// shows at once, else for a while. Events are hints; what is shown is read from the database.
class RunPause {
 public:
  RunPause(Services& services, const std::string& run) : services_(services) {
    Environment& environment = services.environment();
    if (environment.control == nullptr) return;
    feed_.emplace(services, EventFeed::Options{.key_file = environment.control_key_file,
                                               .topic = "run." + run,
                                               .allow_plain = environment.control_insecure});
    attempt([this] { return feed_->connect(); });
  }

  /// False when it was interrupted.
  bool wait(const std::stop_token& interrupted) {
    Clock& clock = services_.environment().clock;
    if (!feed_) return clock.wait_for(poll_interval, interrupted);
    attempt([this] {
      static_cast<void>(feed_->receive(poll_interval));
      return true;
    });
    return clock.wait_for(feed_ ? look_interval_min : poll_interval, interrupted);
  }

 private:
  /// Goes on without events when there are none.
  template <class Call>
  void attempt(const Call& call) {
    try {
      if (!call()) feed_.reset();
    } catch (const BusError& error) {
      give_up(error.what());
    } catch (const UserError& error) {
      give_up(error.what());
    } catch (const StoreError& error) {
      give_up(error.what());
    }
  }

  void give_up(const std::string& why) {
    feed_.reset();
    services_.note(fmt::format("events cannot be had ({}); looking from time to time", why));
  }

  Services& services_;
  std::optional<EventFeed> feed_;
};

}  // namespace

ProgressDrawer::Style progress_style(const Terminal& terminal, bool is_json) {
  return {.is_terminal = terminal.err,
          .is_silent = is_json && !terminal.err,
          .columns = terminal.columns};
}

Progress progress_of(const RunRow& run, const RateMeter& rate) {
  return {.state = run.state,
          .rows = run.rows,
          .estimated_rows = run.estimated_rows,
          .rows_per_second = rate.rows_per_second(),
          .passes = run.passes,
          .elapsed = std::chrono::milliseconds(run.elapsed_ms)};
}

StartedRun fire_policy(Services& services, const std::string& name, const StartTime& start) {
  Stores& stores = services.stores();
  const PolicyRow row = find_policy(stores, name);
  if (!row.enabled)
    throw UserError(
        ExitCode::refused,
        fmt::format("policy '{0}' is disabled; first lethe policy enable {0}", row.name));
  const Policy policy = stored_policy(row);
  if (start.delay >= std::chrono::seconds(policy.expire_after_seconds))
    throw UserError(ExitCode::refused,
                    fmt::format("runs of policy '{}' expire {} after they were made; choose an "
                                "earlier start",
                                row.name, to_text(Retention{0, policy.expire_after_seconds})));
  if (row.paused)
    services.note(fmt::format("policy {} is paused; the run waits for lethe resume", row.name));
  return stores.runs.start(
      policy, {.policy_epoch = row.epoch, .source_id = "", .not_before = start.not_before},
      services.actor());
}

bool has_ended(const RunRow& run) {
  constexpr std::array<std::string_view, 6> ends{"satisfied", "failed",  "cancelled",
                                                 "expired",   "refused", "skipped"};
  return std::find(ends.begin(), ends.end(), run.state) != ends.end();
}

std::string end_line(const RunRow& run) {
  std::string line = fmt::format("{}: {} in {}, {}", run.state, counted(run.rows, "row", "rows"),
                                 counted(run.batches, "batch", "batches"),
                                 duration_text(std::chrono::milliseconds(run.elapsed_ms)));
  if (run.rows > 0 && run.elapsed_ms > 0)
    line += fmt::format(", {}/s", counted(run.rows * 1000 / run.elapsed_ms, "row", "rows"));
  if (!run.error.empty()) line += fmt::format("; {}", run.error);
  return line;
}

ExitCode end_code(const RunRow& run) {
  if (run.state == "satisfied") return ExitCode::done;
  return run.state == "refused" ? ExitCode::refused : ExitCode::failed;
}

ExitCode watch_run(Services& services, const std::string& id) {
  Environment& environment = services.environment();
  RunReader reader(services.stores(), id);
  ProgressDrawer drawer(environment.err, environment.clock,
                        progress_style(environment.terminal, services.output().is_json()));
  RateMeter rate;
  const std::stop_token interrupted = environment.interrupted();
  RunPause pause(services, id);
  for (;;) {
    std::optional<RunRow> run = reader.glance();
    if (run && has_ended(*run)) run = reader.read();
    if (run && has_ended(*run)) {
      drawer.clear();
      services.output().result(run_details(*run), end_line(*run));
      return end_code(*run);
    }
    if (run) {
      rate.add(environment.clock.now(), run->rows);
      drawer.draw(progress_of(*run, rate));
    }
    if (pause.wait(interrupted)) continue;
    drawer.clear();
    services.note(
        fmt::format("stopped watching; the run goes on: lethe run watch {0}, or end it: "
                    "lethe run cancel {0}",
                    id));
    return ExitCode::failed;
  }
}

ExitCode report_new_run(Services& services, const StartedRun& run, bool wait) {
  const std::string& id = run.id.value;
  const std::string what = run.is_new ? fmt::format("run {} was made", id)
                                      : fmt::format("already enqueued as run {}", id);
  // Where the sentence below is not shown.
  if (!run.is_new && (wait || services.output().is_json())) services.note(what);
  if (wait) return watch_run(services, id);
  services.output().result(run_details(find_run(services.stores(), id)),
                           fmt::format("{}; follow it with lethe run watch {}", what, id));
  return ExitCode::done;
}

}  // namespace lethe::cli
