#include "cli/commands/up_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "common/policies/policy.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {
namespace {

constexpr std::int64_t count_default = 2;
constexpr Command::Range count_range{1, 16};
constexpr std::chrono::milliseconds poll_interval{100};
constexpr std::chrono::milliseconds registration_limit{30'000};
constexpr std::int32_t max_running_default = 4;

}  // namespace

void FleetOptions::add_to(const Command& command) {
  command.option("--workers", workers, count_range, "worker processes, 1 to 16 (default 2)")
      .option("--slots", slots, count_range, "tasks that each may hold, 1 to 16 (default 2)");
}

FleetSize FleetOptions::size() const {
  return {.workers = workers.value_or(count_default), .slots = slots.value_or(count_default)};
}

UpSession::UpSession(Services& typed, const FleetSize& size) : typed_(typed) {
  if (typed.has_chosen_database())
    throw UserError(ExitCode::usage,
                    "--database: this command makes its own; start lethe-scheduler and "
                    "lethe-worker for yours");
  interrupted_ = typed.environment().interrupted();  // blocks the signals before any child exists
  say("starting a private PostgreSQL server");
  fleet_ = std::make_unique<LocalFleet>(size);
  services_.emplace(typed.environment(), fleet_->control_url(),
                    typed.output().is_json() ? OutputFormat::json : OutputFormat::table);
  check();
  prepare_databases();
}

void UpSession::prepare_databases() {
  static_cast<void>(services_->migrations().up());
  const auto at_once = static_cast<std::int32_t>(fleet_->size().workers * fleet_->size().slots);
  const TargetSpec target{.name = target_name,
                          .url = fleet_->target_url(),
                          .max_running = std::max(max_running_default, at_once)};
  services_->stores().targets.put(target, services_->actor());
  services_->target(target.name, target.url)->install();
}

void UpSession::start_daemons() {
  const FleetSize& size = fleet_->size();
  say(fmt::format("starting a scheduler and {} with {} each",
                  counted(size.workers, "worker", "workers"),
                  counted(size.slots, "slot", "slots")));
  fleet_->start_daemons();
  Clock& clock = typed_.environment().clock;
  const auto limit = clock.now() + registration_limit;
  FleetStore& registry = services_->stores().fleet;
  while (std::ssize(registry.workers(false)) < size.workers) {
    if (clock.now() >= limit)
      throw UserError(ExitCode::failed, fmt::format("the workers did not register within {}",
                                                    duration_text(registration_limit)));
    pause(poll_interval);
  }
}

void UpSession::check_parts() {
  const std::string trouble = fleet_->trouble();
  if (!trouble.empty()) throw UserError(ExitCode::failed, trouble);
}

void UpSession::check() {
  if (interrupted_.stop_requested())
    throw UserError(ExitCode::failed, "interrupted; everything was stopped and removed");
  check_parts();
}

void UpSession::pause(std::chrono::milliseconds duration) {
  typed_.environment().clock.wait_for(duration, interrupted_);
  check();
}

void UpSession::describe() {
  say(
      fmt::format("\nThe fleet is up. In another terminal:\n\n"
                  "  export LETHE_DATABASE_URL=\"{}\"\n"
                  "  lethe worker list\n"
                  "  lethe target check {} --allow-superuser\n"
                  "  lethe policy apply -f policies.yaml\n\n"
                  "The target {} is this database:\n\n"
                  "  psql \"{}\"\n\n"
                  "Logs and data are in {}. Ctrl-C ends everything and removes it.",
                  fleet_->control_url(), target_name, target_name, fleet_->target_url(),
                  fleet_->directory().string()));
}

void UpSession::serve() {
  while (typed_.environment().clock.wait_for(poll_interval, interrupted_)) check_parts();
  say("stopping");
  fleet_->stop();
}

void UpSession::say(const std::string& text) {
  std::ostream& stream =
      typed_.output().is_json() ? typed_.environment().err : typed_.environment().out;
  stream << text << std::endl;
}

}  // namespace lethe::cli
