#include "worker/config.hpp"

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

WorkerInfo nobody() { return {.instance = "", .version = "", .targets = {}, .lanes = {}}; }

worker::WorkerOptions with_lanes(const std::string& lanes) {
  SettingSources sources;
  sources.flags["lanes"] = {lanes};
  return worker::worker_options(read_settings(worker::setting_table(), sources), nobody());
}

std::string refusal(const std::string& lanes) {
  try {
    static_cast<void>(with_lanes(lanes));
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a worker serves every usual lane and prefers the urgent one", "[worker_config]") {
  const auto options = worker::worker_options(read_settings(worker::setting_table(), {}), nobody());
  const std::vector<std::string> usual{"urgent", "normal", "bulk"};
  CHECK(options.dispatcher.lanes == usual);
  CHECK(options.heartbeat.info.lanes == usual);
}

TEST_CASE("a worker takes lanes of any name in the order given", "[worker_config]") {
  const auto options = with_lanes("whale.1,bulk,0-rest_x");
  const std::vector<std::string> own{"whale.1", "bulk", "0-rest_x"};
  CHECK(options.dispatcher.lanes == own);
  CHECK(options.heartbeat.info.lanes == own);
  CHECK(refusal(std::string(63, 'a')).empty());
}

TEST_CASE("a lane that is no name is refused with the setting and the cure", "[worker_config]") {
  CHECK(refusal("normal,Urgent") ==
        "--lanes: \"Urgent\" is not a lane; write 1 to 63 of a-z 0-9 _ . - and start with a letter "
        "or digit");
  for (const std::string& odd : {std::string("-a"), std::string("a b"), std::string("a/b"),
                                 std::string("gr\xc3\xbcn"), std::string(64, 'a')})
    CHECK(refusal(odd).find("--lanes: ") == 0);
}

TEST_CASE("a lane that is named twice and no lane at all are refused", "[worker_config]") {
  CHECK(refusal("bulk,normal,bulk") == "--lanes: \"bulk\" is named twice; write each lane once");
  CHECK(refusal(",") == "--lanes: must name at least 1");
}
