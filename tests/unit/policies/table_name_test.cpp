#include <stdexcept>

#include "common/policies/policy_json.hpp"
#include "common/policies/policy_parser.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

TEST_CASE("a table is read by its exact name", "[table_name]") {
  CHECK(parse_table_name("public.executions") == TableName{"public", "executions"});
  CHECK(parse_table_name("executions") == TableName{"public", "executions"});
  CHECK(parse_table_name("Sales.Orders") == TableName{"Sales", "Orders"});
  CHECK(parse_table_name("my-app.old rows") == TableName{"my-app", "old rows"});
  CHECK(parse_table_name(R"("odd.schema"."t""x")") == TableName{"odd.schema", "t\"x"});
  CHECK(parse_table_name(R"("a.b")") == TableName{"public", "a.b"});
  CHECK(parse_table_name(R"(s." t ")") == TableName{"s", " t "});
  CHECK(parse_table_name(std::string(63, 'x')).table.size() == 63);
}

TEST_CASE("what is no table name is refused", "[table_name]") {
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a.b.c"),
        std::string("\"a"), std::string("\"\""), std::string("a\"b"), std::string("\"a\"b"),
        std::string("a. b"), std::string(" a"), std::string("a "), std::string("a\nb"),
        std::string("a\0b", 3), std::string("a\xff"), std::string(64, 'x'), std::string("\xc2\x85"),
        std::string("\"a\" .b")}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_table_name(text), std::invalid_argument);
  }
}

TEST_CASE("a table is shown with quotes where SQL needs them", "[table_name]") {
  CHECK(to_text(TableName{"public", "executions"}) == "public.executions");
  CHECK(to_text(TableName{"public", "Orders"}) == "public.\"Orders\"");
  CHECK(to_text(TableName{"odd.schema", "t\"x"}) == R"("odd.schema"."t""x")");
  CHECK(to_text(TableName{"public", "user"}) == "public.\"user\"");
  CHECK(to_text(TableName{"all", "window"}) == "\"all\".\"window\"");
  CHECK(to_text(TableName{"s", "1st"}) == "s.\"1st\"");
  CHECK(to_text(TableName{"s", "\xc3\xa4"}) == "s.\"\xc3\xa4\"");
}

TEST_CASE("a shown table reads back as the same table", "[table_name]") {
  for (const char* schema : {"public", "A", "a.b", "\"", " x", "order"}) {
    for (const char* table : {"t", "T", "a.b.c", "\"\"", "x ", "select", "$"}) {
      const TableName name{schema, table};
      CAPTURE(schema, table);
      CHECK(parse_table_name(to_text(name)) == name);
    }
  }
}
