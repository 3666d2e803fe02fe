#include "common/archive_csv.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"

using namespace lethe;

TEST_CASE("a line of an archive tells NULL from an empty text and keeps every byte",
          "[archive_csv]") {
  CsvReader reader("\"a\",\"b\",\"c\"\n,\"\",\"x\"\"y,\r\n\"\n\"\\\",\"'\",\"\xff\"\n,,\n");
  REQUIRE(reader.next());
  const auto first = reader.next();
  REQUIRE(first);
  CHECK_FALSE(first->at(0));
  CHECK(first->at(1) == "");
  CHECK(first->at(2) == "x\"y,\r\n");
  CHECK(reader.line() == ",\"\",\"x\"\"y,\r\n\"");
  const auto second = reader.next();
  REQUIRE(second);
  CHECK(second->at(0) == "\\");
  CHECK(second->at(2) == "\xff");
  const auto third = reader.next();
  REQUIRE(third);
  CHECK(third->size() == 3);
  CHECK_FALSE(third->at(2));
  CHECK_FALSE(reader.next());
}

TEST_CASE("the head of an archive names columns whatever they are called", "[archive_csv]") {
  const std::vector<std::string> names{"id", "a \"b\"", "c,d", "e\nf"};
  CsvReader reader_of_none("");
  CHECK_FALSE(reader_of_none.next());
  const std::string text = csv_header(names) + "\n";
  CsvReader reader(text);
  const auto head = reader.next();
  REQUIRE(head);
  REQUIRE(head->size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(head->at(i) == names[i]);
}

TEST_CASE("text that no archive has is refused", "[archive_csv]") {
  for (const char* text : {"\"a", "\"a\"b\n", "a\n", "\"a\"", "\"a\",", "\"a\"\r\n"}) {
    CAPTURE(text);
    CsvReader reader(text);
    CHECK_THROWS_AS(reader.next(), std::invalid_argument);
  }
}
