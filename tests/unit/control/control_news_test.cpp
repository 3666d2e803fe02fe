#include <rapidcheck.h>

#include "common/control/control_store.hpp"
#include "common/mailbox.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

TEST_CASE("news are read from notifications and anything else is not", "[control_news]") {
  const auto ready = news_of("ready 3 app");
  REQUIRE(ready);
  CHECK(ready->kind == ControlNews::Kind::ready);
  CHECK(ready->count == 3);
  CHECK(ready->target == "app");
  CHECK(ready->lane.empty());
  CHECK(news_of("ready 3 app urgent")->target == "app");
  CHECK(news_of("ready 3 app urgent")->lane == "urgent");
  CHECK(news_of("look 17")->count == 17);
  CHECK(news_of("keys")->kind == ControlNews::Kind::keys);
  for (const char* text : {"", "ready", "ready x app", "ready -1 app", "look", "look 1x", "KEYS",
                           "ready 99999999999999999999 app"})
    CHECK_FALSE(news_of(text));
  CHECK(rc::check([](const std::string& noise) { static_cast<void>(news_of(noise)); }));
}

TEST_CASE("a mailbox that is full forgets the oldest", "[mailbox]") {
  Mailbox<int> mailbox(2);
  for (const int item : {1, 2, 3}) mailbox.put(item);
  CHECK(mailbox.take() == std::deque<int>{2, 3});
  CHECK(mailbox.take().empty());
  CHECK(mailbox.has_lost());
  CHECK_FALSE(mailbox.has_lost());  // told once
}
