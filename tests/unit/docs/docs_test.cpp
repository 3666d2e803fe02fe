// The documents do not point at what is not there.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

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
