#include "tests/support/refusals.hpp"

#include <algorithm>

namespace lethe::test {

std::string with(const std::string& line) {
  const std::string key = line.substr(0, line.find(':') + 1);
  std::string yaml;
  bool replaced = false;
  for (const char* const good : {"name: t-90d", "target: app", "table: public.t",
                                 "timestamp: created_at", "retain: 90 days"}) {
    const bool is_it = std::string(good).rfind(key, 0) == 0;
    replaced = replaced || is_it;
    yaml += fmt::format("{}{}\n", yaml.empty() ? "policies:\n  - " : "    ", is_it ? line : good);
  }
  return replaced ? yaml : fmt::format("{}    {}\n", yaml, line);
}

std::string contents(Fleet& fleet) {
  std::string found = fleet.target().text(
      "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t.id)), '') || ';' "
      "FROM public.t t");
  for (const char* const table : {"policies", "targets", "runs", "items", "audit", "pauses"})
    found +=
        fleet.control().text(fmt::format("SELECT '{0}' || count(*) || ' ' || "
                                         "coalesce(md5(string_agg(t::text, '' ORDER BY "
                                         "t::text)), '') || ';' FROM lethe.{0} t",
                                         table));
  return found;
}

void check_refused(const CommandResult& result, const std::string& program, int exit_code,
                   const std::vector<std::string>& says) {
  CAPTURE(result.out, result.err);
  CHECK(result.exit_code == exit_code);
  CHECK(result.err.rfind(program + ": ", 0) == 0);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK(result.out.empty());
  CHECK(result.err.find(secret) == std::string::npos);
  for (const std::string& part : says) CHECK_THAT(result.err, contains(part));
}

QuietFleet::QuietFleet() {
  install();
  make_table(target(), 10);
  apply(with("name: old"));
}

}  // namespace lethe::test
