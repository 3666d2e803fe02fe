#include "tests/bench/report.hpp"

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <cmath>
#include <pqxx/pqxx>
#include <thread>

namespace lethe::bench {

namespace {

std::string with_commas(double value) {
  const std::string digits = fmt::format("{:.0f}", value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// "worst_window_p99_ms", 3.2 as "worst window p99 3.20 ms".
std::string describe_number(const std::string& key, double value) {
  std::string name = key;
  std::string number = with_commas(value);
  for (const auto& [end, unit, fraction] :
       {std::tuple("_per_second", "/s", 0), std::tuple("_ms", " ms", 2),
        std::tuple("_s", " s", value < 10 ? 2 : 1), std::tuple("_mb", " MB", 1),
        std::tuple("_percent", " %", 2)}) {
    if (!ends_with(key, end)) continue;
    name = key.substr(0, key.size() - std::string(end).size());
    number = (fraction == 0 ? with_commas(value) : fmt::format("{:.{}f}", value, fraction)) + unit;
    break;
  }
  std::replace(name.begin(), name.end(), '_', ' ');
  for (const char* counted : {"tasks", "rows", "batches"})
    if (key == fmt::format("{}_per_second", counted))
      return with_commas(value) + fmt::format(" {}/s", counted);
  return name + " " + number;
}

std::string verdict(const Json& scenario) {
  if (scenario.contains("error")) return "failed: " + scenario.at("error").get<std::string>();
  const Json& reached = scenario.at("reached");
  const std::string word = reached.is_null() ? "not decided" : reached ? "reached" : "not reached";
  const std::string why = scenario.value("verdict", "");
  return why.empty() ? word : word + ": " + why;
}

std::string features_as_markdown(const Json& systems) {
  std::string head = "| |";
  std::string line = "|---|";
  for (const auto& [system, row] : systems.items()) {
    head += fmt::format(" {} |", system);
    line += "---|";
  }
  std::string body;
  for (const auto& [feature, unused] : systems.front().items()) {
    body += fmt::format("| {} |", feature);
    for (const auto& [system, row] : systems.items())
      body += fmt::format(" {} |", row.at(feature).get<std::string>());
    body += "\n";
  }
  return head + "\n" + line + "\n" + body + "\n";
}

std::string machine_line(const Json& machine) {
  std::string line;
  for (const auto& [key, value] : machine.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', ' ');
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return line;
}

}  // namespace

Json machine_facts(const std::string& server) {
  struct sysinfo info {};
  sysinfo(&info);
  const double gigabytes = static_cast<double>(info.totalram) * info.mem_unit / (1U << 30U);
  Json facts = {{"processors", std::thread::hardware_concurrency()},
                {"memory_gb", std::lround(gigabytes)},
                {"load_average", fmt::format("{:.1f}", static_cast<double>(info.loads[0]) /
                                                           (1U << SI_LOAD_SHIFT))}};
  pqxx::connection connection(server);
  pqxx::nontransaction work(connection);
  for (const char* setting :
       {"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"})
    facts[setting] = work.exec(fmt::format("SHOW {}", setting)).at(0).at(0).as<std::string>();
  return facts;
}

std::string describe(const Json& numbers) {
  if (numbers.contains("not_measured"))
    return "not measured: " + numbers.at("not_measured").get<std::string>();
  std::string text;
  for (const auto& [key, value] : numbers.items()) {
    if (!value.is_number()) continue;
    if (!text.empty()) text += ", ";
    text += describe_number(key, value.get<double>());
  }
  return text;
}

std::string as_text(const Json& results) {
  std::string text = machine_line(results.at("machine")) + "\n";
  for (const auto& [name, scenario] : results.at("scenarios").items()) {
    text += fmt::format("\n{} - {}\n", name, scenario.at("title").get<std::string>());
    const Json systems = scenario.value("systems", Json::object());
    for (const auto& [system, row] : systems.items()) {
      if (scenario.contains("goal")) {
        text += fmt::format("  {:<40}{}\n", system, describe(row));
        continue;
      }
      text += fmt::format("  {}\n", system);
      for (const auto& [feature, value] : row.items())
        text += fmt::format("    {:<38}{}\n", feature, value.get<std::string>());
    }
    if (scenario.contains("goal"))
      text += fmt::format("  {:<40}{}\n", "goal", scenario.at("goal").get<std::string>());
    if (scenario.contains("goal") || scenario.contains("error"))
      text += fmt::format("  {:<40}{}\n", "verdict", verdict(scenario));
  }
  return text;
}

std::string as_markdown(const Json& results) {
  std::string rows = "| what | system | measured | goal | verdict |\n|---|---|---|---|---|\n";
  std::string features;
  for (const auto& [name, scenario] : results.at("scenarios").items()) {
    if (!scenario.contains("goal") && !scenario.contains("error")) {
      features = features_as_markdown(scenario.at("systems"));
      continue;
    }
    std::string what = scenario.at("title").get<std::string>();
    std::string goal = scenario.value("goal", "");
    std::string end = verdict(scenario);
    Json systems = scenario.value("systems", Json::object());
    if (systems.empty()) systems[""] = Json::object();
    for (const auto& [system, row] : systems.items()) {
      rows += fmt::format("| {} | {} | {} | {} | {} |\n", what, system, describe(row), goal, end);
      what = goal = end = "";  // only in the first row of its group
    }
  }
  return machine_line(results.at("machine")) + "\n\n" + rows + "\n" + features;
}

}  // namespace lethe::bench
