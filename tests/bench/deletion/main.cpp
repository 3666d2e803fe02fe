// bench_deletes [options]: measures how fast old rows are deleted, beside what people write by
// hand. tests/bench/run-deletes starts it with a private PostgreSQL server.
#include <optional>
#include <string>

#include "tests/bench/deletion/scenarios.hpp"
#include "tests/bench/program.hpp"

namespace lethe::bench {
namespace {

constexpr const char* usage =
    "usage: bench_deletes --json FILE [--only NAME,...] [--rows N] [--repeats N] [--markdown]\n"
    "         [--show]\n"
    "  --show   prints the file's results and measures nothing\n";
constexpr std::int64_t rows_min = 100'000;

bool take(DeletionOptions& options, const std::string& option, const std::string& value) {
  if (option == "--rows") {
    options.rows = whole(option, value);
    if (options.rows < rows_min)
      throw UsageError("--rows " + value + ": give 100000 or more; less is over too soon");
  } else if (option == "--repeats") {
    options.repeats = static_cast<int>(whole(option, value));
  } else {
    return false;
  }
  return true;
}

/// The databases are made for the first scenario that is measured.
class Stage {
 public:
  explicit Stage(const DeletionOptions& options) : options_(options) {}

  std::function<Json(const Json&)> with(Json (*measure)(Bench&)) {
    return [this, measure](const Json&) {
      if (!bench_) bench_.emplace(options_);
      return measure(*bench_);
    };
  }

 private:
  const DeletionOptions& options_;
  std::optional<Bench> bench_;
};

}  // namespace
}  // namespace lethe::bench

int main(int argc, char** argv) {
  using namespace lethe::bench;
  DeletionOptions options;
  Stage stage(options);
  const Program program{
      .name = "bench_deletes",
      .script = "tests/bench/run-deletes",
      .usage = usage,
      .take = [&](const auto& option, const auto& value) { return take(options, option, value); },
      .scenarios = {
          {"half", "half of the rows expired", stage.with(measure_half)},
          {"few", "1 % of the rows expired, an index on the timestamp", stage.with(measure_few)},
          {"growth", "10 x the rows, as many of them expired, by an index",
           stage.with(measure_growth)},
          {"tenants", "many tenants with cutoffs of their own", stage.with(measure_tenants)},
          {"partitions", "12 partitions, 9 of them expired", stage.with(measure_partitions)},
          {"scale", "1 to 4 workers, batches that wait 20 ms", stage.with(measure_scale)},
          {"overhead", "what the control plane adds to batches of 250 ms",
           stage.with(measure_overhead)},
          {"extras", "half of the rows, with a limit and with copies", stage.with(measure_extras)},
          {"memory", "peak resident memory in the scenarios above", find_peaks},
      }};
  return run_program(program, {argv + 1, argv + argc});
}
