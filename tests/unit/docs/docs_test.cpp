// The documents do not point at what is not there.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/cli/fake_world.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<fs::path> documents() {
  const fs::path root = LETHE_SOURCE_DIR;
  std::vector<fs::path> found{root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md"};
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  return found;
}

/// Every match of group 1 of `pattern` in a text.
std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    found.push_back((*it)[1].str());
  return found;
}

std::set<std::string> documented_events() {
  const std::string text = read(fs::path(LETHE_DOCS_DIR) / "operations.md");
  const auto names = matches(text.substr(text.find("## Log\n")), R"(\n\| `([a-z_]+)` \|)");
  return {names.begin(), names.end()};
}

/// The names that the code gives to log_event, also by way of the schedulers' log_failure.
std::set<std::string> logged_events() {
  std::set<std::string> events;
  for (const char* folder : {"common", "worker", "scheduler", "cli"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(LETHE_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = read(entry.path());
      for (const std::string& head : matches(text, R"(\blog_event\(([^;{]*))"))
        for (const std::string& name : matches(head, R"re("([a-z_]+)")re")) events.insert(name);
      for (const std::string& name : matches(text, R"re(\blog_failure\("([a-z_]+)")re"))
        events.insert(name);
    }
  }
  return events;
}

}  // namespace

TEST_CASE("every relative link of a document points to something that exists", "[docs]") {
  std::size_t links = 0;
  for (const fs::path& document : documents()) {
    for (const std::string& link : matches(read(document), R"(\]\(([^)#:]+)\))")) {
      INFO(document << " links to " << link);
      CHECK(fs::exists(document.parent_path() / link));
      ++links;
    }
  }
  CHECK(links > 10);
}

TEST_CASE("every source file that a document names exists", "[docs]") {
  const fs::path root = LETHE_SOURCE_DIR;
  std::size_t files = 0;
  for (const fs::path& document : documents()) {
    for (const std::string& file : matches(
             read(document),
             R"(`((?:common|worker|scheduler|cli|proto|deploy|tests|cmake)/[A-Za-z0-9_./-]+)`)")) {
      INFO(document << " names " << file);
      CHECK(fs::exists(root / file));
      ++files;
    }
  }
  CHECK(files > 20);
}

TEST_CASE("the list of log events is complete and names none that does not exist", "[docs]") {
  const auto documented = documented_events();
  const auto logged = logged_events();
  CHECK(logged.size() > 20);
  for (const std::string& event : logged) {
    INFO("docs/operations.md lacks " << event);
    CHECK(documented.count(event) == 1);
  }
  for (const std::string& event : documented) {
    INFO("docs/operations.md names " << event << " and no code logs it");
    CHECK(logged.count(event) == 1);
  }
}

TEST_CASE("every command that the README names exists", "[docs]") {
  const std::string readme = read(fs::path(LETHE_SOURCE_DIR) / "README.md");
  const std::regex command(R"(\blethe ([a-z]+)(?: ([a-z]+))?)");
  std::size_t commands = 0;
  for (std::sregex_iterator it(readme.begin(), readme.end(), command), end; it != end; ++it) {
    std::vector<std::string> words{(*it)[1].str()};
    if ((*it)[2].matched) words.push_back((*it)[2].str());
    words.emplace_back("--help");
    lethe::cli::test::FakeWorld world;
    INFO("README.md names " << it->str());
    CHECK(world.run(words) == lethe::ExitCode::done);
    // The help of a command shows examples of it; an unknown verb gets the help of its noun.
    CHECK(world.out.str().find("\n  " + it->str()) != std::string::npos);
    ++commands;
  }
  CHECK(commands > 10);
}
