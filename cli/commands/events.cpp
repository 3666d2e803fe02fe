#include "cli/commands/events.hpp"

#include "cli/event_feed.hpp"

namespace lethe::cli {
namespace {

struct EventOptions {
  std::string topic;
  std::string key_file;
  bool is_insecure = false;
  std::optional<std::int64_t> limit;
};

ExitCode tail(Services& services, const EventOptions& options) {
  Environment& environment = services.environment();
  EventFeed feed(services, {.key_file = options.key_file.empty() ? environment.control_key_file
                                                                 : options.key_file,
                            .topic = options.topic,
                            .allow_plain = options.is_insecure || environment.control_insecure});
  if (!feed.connect())
    throw UserError(ExitCode::failed,
                    "no scheduler publishes events that can be had; set control_events for "
                    "lethe-scheduler, and here --key-file to a key that may view, or --insecure "
                    "for tcp without keys");
  const std::stop_token interrupted = environment.interrupted();
  constexpr std::chrono::milliseconds wait{100};  // so that Ctrl-C is heard
  std::int64_t left = options.limit.value_or(std::numeric_limits<std::int64_t>::max());
  while (left > 0 && !interrupted.stop_requested()) {
    for (const wire::Envelope& event : feed.receive(wait)) {
      if (left-- <= 0) break;
      services.output().text(event_line(event));
    }
    environment.out.flush();
  }
  return ExitCode::done;
}

}  // namespace

void add_events(const Command& root) {
  constexpr Command::Range limits{1, 1'000'000'000};
  const auto options = std::make_shared<EventOptions>();
  root.add("events", "Shows what happens in the fleet, one line of JSON each, until Ctrl-C",
           "lethe events\nlethe events --topic worker. --limit 10\n"
           "lethe events --key-file viewer.key\nlethe events --insecure")
      .option("--topic", options->topic,
              "only those whose topic begins so: worker.ID, run.ID, ready, command")
      .option("--key-file", options->key_file,
              "a key that may view; else LETHE_CONTROL_KEY_FILE, else none")
      .flag("--insecure", options->is_insecure,
            "also over tcp without keys, where anybody may read along or answer")
      .option("--limit", options->limit, limits, "end after so many")
      .runs(options, tail);
}

}  // namespace lethe::cli
