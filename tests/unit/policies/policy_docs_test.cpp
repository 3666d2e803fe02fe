#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

namespace {

using lethe::policy_test::contains;
using lethe::policy_test::policy_text;
using lethe::policy_test::refusal;

std::string reference() {
  std::ifstream file(LETHE_DOCS_DIR "/policies.md");
  std::stringstream text;
  text << file.rdbuf();
  REQUIRE(text.str().size() > 1000);
  return text.str();
}

/// The fenced blocks of the reference that say they are `language`.
std::vector<std::string> blocks(const std::string& language) {
  std::vector<std::string> result;
  std::istringstream lines(reference());
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "```" + language) {
      is_inside = true;
      result.emplace_back();
    } else if (line == "```") {
      is_inside = false;
    } else if (is_inside) {
      result.back() += line + "\n";
    }
  }
  return result;
}

/// The keys that `message` lists after "known are".
std::vector<std::string> known_keys(const std::string& message) {
  const std::string start = "known are ";
  REQUIRE(contains(message, start));
  std::istringstream list(message.substr(message.find(start) + start.size()));
  std::vector<std::string> result;
  for (std::string key; std::getline(list, key, ',');) {
    result.push_back(key.substr(key.find_first_not_of(' ')));
  }
  return result;
}

}  // namespace

TEST_CASE("every example in the reference of policy files is a right policy file",
          "[policy_docs]") {
  const std::vector<std::string> examples = blocks("yaml");
  CHECK(examples.size() >= 5);
  for (const std::string& example : examples) {
    CAPTURE(example);
    CHECK_NOTHROW(lethe::parse_policies(example, "policies.md"));
  }
}

TEST_CASE("the reference of policy files has a row for every key", "[policy_docs]") {
  const std::string text = reference();
  for (const std::string& yaml :
       {std::string("x: 1"), std::string("targets: {a: {x: 1}}"), policy_text("x", "x: 1"),
        policy_text("tenant", "tenant: {x: 1}"), policy_text("batch", "batch: {x: 1}"),
        policy_text("archive", "archive: {x: 1}"),
        policy_text("tenant", "tenant: {column: c, overrides: {a: {x: 1}}}"),
        policy_text("where", "where: {a: {x: 1}}"),
        policy_text("timestamp", "timestamp: {x: 1}")}) {
    for (const std::string& key : known_keys(refusal(yaml))) {
      CAPTURE(key);
      CHECK(contains(text, "\n| `" + key + "` |"));
    }
  }
}

TEST_CASE("the messages that the reference quotes are the messages of the parser",
          "[policy_docs]") {
  const std::vector<std::string> messages = blocks("text");
  REQUIRE(messages.size() == 1);
  CHECK(messages[0] == refusal(policy_text("retain", "retain: 0 days")) + "\n" +
                           refusal(policy_text("retain", "retain: 90")) + "\n" +
                           refusal(policy_text("tenant", "tenant: {column: c, from: x}")) + "\n");
}
