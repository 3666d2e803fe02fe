#include "proto/task_payload.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <cstdint>
#include <limits>

#include "tests/support/catch.hpp"

using namespace lethe;

namespace {

TaskPayload sample() {
  return {.bounds = {.not_after = "2026-01-01 00:00:00+00", .has_cutoffs = true},
          .work = CleanWork{.relation = 16'384,
                            .fingerprint = "abc",
                            .strategy = Strategy::index,
                            .block_from = 0,
                            .block_to = 300,
                            .phase = 1,
                            .key = {},
                            .range_from = "",
                            .range_to = ""}};
}

TaskPayload sample_with_range() {
  TaskPayload payload = sample();
  payload.work->range_from = "2025-01-01 00:00:00+00";
  payload.work->range_to = "2025-02-01 00:00:00+00";
  return payload;
}

const std::string golden_start =
    "83a96e6f745f6166746572b6323032362d30312d30312030303a30303a30302b3030"
    "ab6861735f6375746f666673c3a4776f726b";
const std::string golden_work =
    "a872656c6174696f6ecd4000"
    "ab66696e6765727072696e74a3616263a87374726174656779a5696e646578"
    "aa626c6f636b5f66726f6d00a8626c6f636b5f746fcd012ca5706861736501";
const std::string golden_range =
    "aa72616e67655f66726f6db6323032352d30312d30312030303a30303a30302b3030"
    "a872616e67655f746fb6323032352d30322d30312030303a30303a30302b3030";

std::string hex(const std::string& bytes) {
  std::string result;
  for (const char c : bytes) result += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return result;
}

std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (const int value : values) result += static_cast<char>(value);
  return result;
}

std::string unhex(const std::string& digits) {
  std::string result;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    result += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return result;
}

std::string problem(const std::string& encoded) {
  const auto decoded = decode_task_payload(encoded);
  const auto* text = std::get_if<std::string>(&decoded);
  return text == nullptr ? "" : *text;
}

/// A map of one text key and one raw value, inside the map "work" when asked.
std::string one_entry(const std::string& key, const std::string& value, bool in_work) {
  std::string map = bytes({0x81, 0xa0 + static_cast<int>(key.size())}) + key + value;
  return in_work ? bytes({0x81, 0xa4}) + "work" + map : map;
}

}  // namespace

TEST_CASE("a payload is encoded as the golden bytes say", "[task_payload][golden]") {
  CHECK(hex(encode(sample())) == golden_start + "86" + golden_work);
  CHECK(hex(encode(sample_with_range())) == golden_start + "88" + golden_work + golden_range);
}

TEST_CASE("a partition is a strategy and nothing else in a payload", "[task_payload][golden]") {
  TaskPayload payload = sample();
  payload.work->strategy = Strategy::partition;
  payload.work->block_to = 0;
  payload.work->phase = 0;
  CHECK(hex(encode(payload)) == golden_start +
                                    "86a872656c6174696f6ecd4000ab66696e6765727072696e74a3616263"
                                    "a87374726174656779a9706172746974696f6e"
                                    "aa626c6f636b5f66726f6d00a8626c6f636b5f746f00a5706861736500");
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(payload))) == payload);
}

TEST_CASE("a key travels as the names of its columns", "[task_payload][golden]") {
  TaskPayload payload = sample_with_range();
  payload.work->strategy = Strategy::key;
  payload.work->key = {"tenant", "id"};
  const std::string encoded = hex(encode(payload));
  const std::string end = "a36b657992a674656e616e74a26964";
  CHECK(encoded.substr(golden_start.size(), 2) == "89");
  CHECK(encoded.substr(encoded.size() - end.size()) == end);
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(payload))) == payload);
  CHECK(problem(one_entry("key", bytes({0x01}), true)) ==
        "work.key must be an array of at most 32 names");
  CHECK(problem(one_entry("key", bytes({0x91, 0x01}), true)) == "work.key must be text");
  CHECK(problem(one_entry("key", bytes({0xdc, 0, 33}) + std::string(33, '\xa0'), true)) ==
        "work.key must be an array of at most 32 names");
}

TEST_CASE("what was encoded is decoded as it was", "[task_payload]") {
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(sample()))) == sample());
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(sample_with_range()))) ==
        sample_with_range());
  TaskPayload half = sample_with_range();
  half.work->range_to.clear();
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(half))) == half);
  TaskPayload plain = sample();
  plain.work.reset();
  CHECK(std::get<TaskPayload>(decode_task_payload(encode(plain))) == plain);
}

TEST_CASE("an empty payload is the default one", "[task_payload]") {
  CHECK(std::get<TaskPayload>(decode_task_payload("")) == TaskPayload{});
  CHECK(std::get<TaskPayload>(decode_task_payload(bytes({0x80}))) == TaskPayload{});
}

TEST_CASE("a payload of a version without ranges means the whole index", "[task_payload][golden]") {
  const auto decoded = decode_task_payload(unhex(golden_start + "86" + golden_work));
  CHECK(std::get<TaskPayload>(decoded) == sample());
}

TEST_CASE("the ends of a range are text of limited length", "[task_payload]") {
  const std::string longest = bytes({0xd9, 64}) + std::string(64, '1');
  const std::string longer = bytes({0xd9, 65}) + std::string(65, '1');
  for (const std::string key : {"range_from", "range_to"}) {
    CHECK(problem(one_entry(key, longest, true)).empty());
    CHECK(problem(one_entry(key, longer, true)) ==
          "work." + key + " must be at most 64 bytes long");
    CHECK(problem(one_entry(key, bytes({0x01}), true)) == "work." + key + " must be text");
  }
}

TEST_CASE("unknown keys are ignored", "[task_payload]") {
  const std::string future = bytes({0x82, 0xa3}) + "new" + bytes({0x92, 0x01, 0xc0}) +
                             bytes({0xab}) + "has_cutoffs" + bytes({0xc3});
  CHECK(std::get<TaskPayload>(decode_task_payload(future)).bounds.has_cutoffs);
}

TEST_CASE("bytes after the payload are refused", "[task_payload]") {
  CHECK(problem(encode(sample()) + "x") == "bytes follow its end");
}

TEST_CASE("wrong types are refused by name", "[task_payload]") {
  CHECK(problem(bytes({0x01})) == "the payload must be a map");
  CHECK(problem(one_entry("has_cutoffs", bytes({0x01}), false)) ==
        "has_cutoffs must be true or false");
  CHECK(problem(one_entry("not_after", bytes({0x01}), false)) == "not_after must be text");
  CHECK(problem(one_entry("work", bytes({0xc0}), false)) == "work must be a map");
  CHECK(problem(one_entry("strategy", bytes({0xa1}) + "x", true)) ==
        "work.strategy is none that this version knows");
  CHECK(problem(bytes({0x81, 0x01, 0x01})) == "each key must be text");
}

TEST_CASE("numbers out of range are refused by name", "[task_payload]") {
  const std::string negative = bytes({0xff});
  const std::string beyond = bytes({0xcf, 0, 0, 0, 1, 0, 0, 0, 1});
  CHECK(problem(one_entry("block_from", negative, true)).find("work.block_from must be") == 0);
  CHECK(problem(one_entry("block_to", beyond, true)).find("work.block_to must be") == 0);
  CHECK(problem(one_entry("relation", beyond, true)).find("work.relation must be") == 0);
  CHECK(problem(one_entry("phase", bytes({0x04}), true)).find("work.phase must be") == 0);
  CHECK(problem(one_entry("block_from", bytes({0x01}), true)) ==
        "work.block_to is before work.block_from");
}

TEST_CASE("six bytes cannot ask for gigabytes", "[task_payload]") {
  CHECK(problem(bytes({0xdf, 0x5b, 0x25, 0x90, 0x90, 0x5b})) ==
        "it is not msgpack within the limits");
  CHECK_FALSE(problem(std::string(payload_bytes_max + 1, '\0')).empty());
  CHECK_FALSE(problem(std::string(1'000, static_cast<char>(0x91))).empty());  // depth
}

TEST_CASE("a damaged payload never throws", "[task_payload]") {
  const std::string whole = encode(sample_with_range());
  for (std::size_t length = 1; length < whole.size(); ++length)
    CHECK_FALSE(problem(whole.substr(0, length)).empty());
  CHECK(rc::check("any bytes", [&whole](const std::vector<std::pair<std::size_t, char>>& edits) {
    std::string damaged = whole;
    for (const auto& [at, byte] : edits) damaged[at % damaged.size()] = byte;
    const auto decoded = decode_task_payload(damaged);
    RC_ASSERT(decoded.index() < 2U);
  }));
}

TEST_CASE("the limit of a run comes back as it was also when it is no row at all",
          "[task_payload]") {
  TaskPayload payload = sample();
  payload.bounds.limit = {.rows_max = 0, .name = "max_rows_per_run 0", .cure = "raise it"};
  auto decoded = decode_task_payload(encode(payload));
  REQUIRE(std::holds_alternative<TaskPayload>(decoded));
  CHECK(std::get<TaskPayload>(decoded) == payload);
  payload.bounds.limit.name.assign(401, 'x');
  CHECK(std::holds_alternative<std::string>(decode_task_payload(encode(payload))));
  CHECK_FALSE(std::get<TaskPayload>(decode_task_payload(encode(sample()))).bounds.limit.is_set());
}
