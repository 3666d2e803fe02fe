#include "common/metrics/process_metrics.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <system_error>
#include <vector>

namespace lethe {

namespace {

/// The fields of /proc/self/stat from the fourth on (proc(5)); empty where there is no such file.
/// The second is the program's name, which may hold anything but ends at the last bracket.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 2));
  std::string state;
  rest >> state;
  return {std::istream_iterator<double>(rest), {}};
}

/// 0: nobody can tell.
double open_files() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(entry), end(entry)));
}

void add_kernel_facts(MetricFamilies& families) {
  constexpr std::size_t user_time = 10;  // places in stat_fields()
  constexpr std::size_t system_time = 11;
  constexpr std::size_t resident_pages = 20;
  const auto stat = stat_fields();
  if (stat.size() <= resident_pages) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  families.push_back({.name = "process_cpu_seconds_total",
                      .help = "Processor time of this process, user and system.",
                      .kind = MetricKind::counter,
                      .samples = {{.value = (stat[user_time] + stat[system_time]) / ticks}}});
  families.push_back(gauge("process_resident_memory_bytes", "Resident memory of this process.",
                           stat[resident_pages] * page));
  families.push_back(gauge("process_open_fds", "Open files of this process.", open_files()));
}

}  // namespace

MetricFamilies process_metrics(const std::string& program, const std::string& version,
                               const Supervision::Report& report) {
  MetricFamilies families;
  families.push_back(
      {.name = "lethe_build_info",
       .help = "What runs here; always 1.",
       .kind = MetricKind::gauge,
       .samples = {{.labels = {{"program", program}, {"version", version}}, .value = 1}}});
  families.push_back(gauge("lethe_ready", "Whether /readyz says yes.", report.is_ready() ? 1 : 0));
  std::map<std::string, double> ages;
  for (const LoopState& loop : report.loops) {
    if (loop.resting) continue;
    const double age = std::chrono::duration<double>(success_age(loop, report.at)).count();
    ages[loop.name] = std::max(ages[loop.name], age);
  }
  MetricFamily loops{.name = "lethe_loop_last_success_age_seconds",
                     .help = "Since the last success of a loop; several of one name: the oldest.",
                     .kind = MetricKind::gauge,
                     .samples = {}};
  for (const auto& [name, age] : ages)
    loops.samples.push_back({.labels = {{"loop", name}}, .value = age});
  families.push_back(std::move(loops));
  add_kernel_facts(families);
  return families;
}

}  // namespace lethe
