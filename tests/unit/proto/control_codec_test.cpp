#include "proto/control_codec.hpp"

#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/control_messages.hpp"

using namespace lethe;
using namespace lethe::wire;

namespace {

std::string hex(const std::string& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

/// A file of tests/golden: a line "type hex" each.
std::map<std::string, std::string> golden(const std::string& name = "control_messages.txt") {
  std::ifstream file(std::filesystem::path(LETHE_GOLDEN_DIR) / name);
  std::map<std::string, std::string> lines;
  for (std::string type, bytes; file >> type >> bytes;) lines[type] = bytes;
  return lines;
}

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

DecodeError error_of(const std::string& frame) {
  const auto decoded = decode(frame);
  REQUIRE(std::holds_alternative<DecodeError>(decoded));
  return std::get<DecodeError>(decoded);
}

Envelope envelope_of(const std::string& frame) {
  const auto decoded = decode(frame);
  if (const auto* error = std::get_if<DecodeError>(&decoded)) FAIL(error->detail);
  return std::get<Envelope>(decoded);
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

/// {"v": 1, "t": type, "b": body}
std::string frame_of(const std::string& type, const std::string& body) {
  return bytes({0x83, 0xa1, 'v', 1, 0xa1, 't', 0xa0 | static_cast<int>(type.size())}) + type +
         bytes({0xa1, 'b'}) + body;
}

}  // namespace

TEST_CASE("every control message comes back as it was sent", "[control_codec]") {
  for (const Envelope& envelope : test::sample_envelopes()) {
    INFO(type_of(envelope.message));
    CHECK(envelope_of(encode(envelope)) == envelope);
  }
  CHECK(test::sample_envelopes().size() == std::variant_size_v<Message>);
}

TEST_CASE("the bytes of control messages never change", "[control_codec][golden]") {
  const auto lines = golden();
  CHECK(lines.size() == std::variant_size_v<Message>);
  for (const Envelope& envelope : test::sample_envelopes()) {
    const std::string type(type_of(envelope.message));
    INFO(type);
    CHECK(hex(encode(envelope)) == (lines.count(type) > 0 ? lines.at(type) : "no golden line"));
  }
}

TEST_CASE("frames of senders that know of no lanes are read as they were meant",
          "[control_codec][golden]") {
  const auto lines = golden("control_messages_older.txt");
  const auto ready = std::get<Ready>(envelope_of(unhex(lines.at("ready"))).message);
  CHECK(ready == Ready{.target = "app", .tasks = 3, .lane = ""});
  const auto beat = std::get<Beat>(envelope_of(unhex(lines.at("beat"))).message);
  CHECK(beat.targets == std::vector<std::string>{"app"});
  CHECK(beat.progress.size() == 1);
  CHECK(beat.lanes.empty());
}

TEST_CASE("keys that a version does not know are ignored and missing ones keep their default",
          "[control_codec]") {
  // {"tasks": 3, "later": [nil]}
  const std::string body =
      bytes({0x82, 0xa5, 't', 'a', 's', 'k', 's', 3, 0xa5, 'l', 'a', 't', 'e', 'r', 0x91, 0xc0});
  const Envelope envelope = envelope_of(frame_of("ready", body));
  CHECK(std::get<Ready>(envelope.message) == Ready{.target = "", .tasks = 3});
  CHECK(envelope.sequence == 0);
}

TEST_CASE("a message of another version or of an unknown type is told apart from garbage",
          "[control_codec]") {
  CHECK(error_of(bytes({0x81, 0xa1, 'v', 2})).kind == DecodeError::Kind::version);
  CHECK(error_of(frame_of("later", bytes({0x80}))).kind == DecodeError::Kind::unsupported);
  CHECK(error_of("garbage").kind == DecodeError::Kind::malformed);
  CHECK(error_of("").kind == DecodeError::Kind::malformed);
  CHECK(error_of(bytes({0x80})).detail == "v is missing");
}

TEST_CASE("an error tells the id of the message if that much could be read", "[control_codec]") {
  // {"v": 1, "t": "wake", "id": "x", "b": 5}
  const std::string frame = bytes({0x84, 0xa1, 'v', 1, 0xa1, 't', 0xa4, 'w', 'a', 'k', 'e', 0xa2,
                                   'i', 'd', 0xa1, 'x', 0xa1, 'b', 5});
  CHECK(error_of(frame).id == "x");
  CHECK(error_of(frame).detail == "wake must be a map");
}

TEST_CASE("hostile frames are refused by name and ask for no memory", "[control_codec]") {
  const std::string deep(200, static_cast<char>(0x91));
  const std::vector<std::string> hostile{
      bytes({0xdf, 0x5b, 0x25, 0x90, 0x90, 0x5b}),  // 128 GiB of map
      bytes({0xdd, 0xff, 0xff, 0xff, 0xff}),        // 96 GB of array
      bytes({0xdb, 0xff, 0xff, 0xff, 0xff, 'a'}),   // 4 GB of text
      bytes({0xc6, 0xff, 0xff, 0xff, 0xff, 0}),     // 4 GB of bytes
      bytes({0xc1}),                                // a byte that means nothing
      deep,
      std::string(frame_bytes_max + 1, static_cast<char>(0xc0)),
      frame_of("wake", bytes({0x81, 0xa5, 't', 'a', 's', 'k', 's', 0xff})),  // -1
      frame_of("wake", bytes({0x81, 0xa5, 't', 'a', 's', 'k', 's', 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0,
                              0})),  // NaN
      frame_of("wake", bytes({0x81, 0xa5, 't', 'a', 's', 'k', 's', 0xcf, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 0xff})),                       // 2^64-1
      frame_of("look", bytes({0x81, 0xa3, 'w', 'h', 'y', 0xa1, 0x1b})),        // ESC
      frame_of("look", bytes({0x81, 0xa3, 'w', 'h', 'y', 0xa2, 0xc0, 0xaf})),  // overlong
      frame_of("look", bytes({0x82, 0xa3, 'w', 'h', 'y', 0xa0, 0xa3, 'w', 'h', 'y', 0xa0})),
      frame_of("look", bytes({0x81, 0xa3, 'w', 'h', 'y', 0xa0})) + "x",  // more
  };
  for (const std::string& frame : hostile) {
    INFO(hex(frame.substr(0, 40)));
    const DecodeError error = error_of(frame);
    CHECK(error.kind == DecodeError::Kind::malformed);
    CHECK(!error.detail.empty());
  }
}

TEST_CASE("no frame that was cut short is read", "[control_codec]") {
  for (const Envelope& envelope : test::sample_envelopes()) {
    const std::string frame = encode(envelope);
    for (std::size_t length = 0; length < frame.size(); ++length)
      CHECK(std::holds_alternative<DecodeError>(decode(frame.substr(0, length))));
  }
}

TEST_CASE("the largest beat fits into a frame and what is too long is cut", "[control_codec]") {
  const std::string endless(5'000, 'x');
  const TaskProgress task{.task = endless,
                          .run = endless,
                          .policy = endless,
                          .target = endless,
                          .epoch = ~std::uint64_t{0},
                          .outcome = endless,
                          .batches = ~std::uint64_t{0},
                          .rows = ~std::uint64_t{0},
                          .batch_rows = ~std::uint64_t{0},
                          .took_ms = ~std::uint64_t{0}};
  Beat beat{.worker = 1, .instance = endless, .version = endless, .phase = endless};
  beat.targets.assign(500, endless);
  beat.lanes.assign(500, endless);
  beat.progress.assign(500, task);
  const std::string frame = encode({.id = endless, .re = endless, .message = beat});
  CHECK(frame.size() <= frame_bytes_max);
  const auto read = std::get<Beat>(envelope_of(frame).message);
  CHECK(read.progress.size() == progress_max);
  CHECK(read.targets.size() == names_max);
  CHECK(read.lanes.size() == names_max);
  CHECK(read.progress.at(0).rows == number_max);
  CHECK(read.instance.size() == text_bytes_max);
}

TEST_CASE("text that may not be sent becomes a question mark", "[control_codec]") {
  const auto sent = [](const std::string& text) {
    return std::get<Look>(envelope_of(encode({.message = Look{text}})).message).why;
  };
  CHECK(sent("\x1b[2J") == "?");
  CHECK(sent("\xff") == "?");
  CHECK(sent("äöü") == "äöü");
  // Cut in the middle of a character: the character goes.
  CHECK(sent(std::string(detail_bytes_max - 1, 'a') + "ä") ==
        std::string(detail_bytes_max - 1, 'a'));
}

TEST_CASE("whatever a message holds it can be read again", "[control_codec]") {
  const bool holds = rc::check([](const std::string& a, const std::string& b, std::uint64_t x,
                                  std::uint64_t y, bool ok) {
    const std::vector<Message> messages{
        Beat{.worker = x, .instance = a, .phase = b, .slots = y, .targets = {a, b}, .lanes = {b}},
        Command{.verb = a, .object = b}, Answer{.ok = ok, .code = a, .detail = b}, Wake{.tasks = y},
        ProgressEvent{.worker = x, .task = {.task = a, .run = b, .rows = y}}};
    for (const Message& message : messages) {
      const std::string frame = encode({.id = a, .sequence = x, .at_ms = y, .message = message});
      RC_ASSERT(frame.size() <= frame_bytes_max);
      const auto decoded = decode(frame);
      RC_ASSERT(std::holds_alternative<Envelope>(decoded));
      RC_ASSERT(encode(std::get<Envelope>(decoded)) == frame);
    }
  });
  CHECK(holds);
}

TEST_CASE("random bytes are refused or read and never more than that", "[control_codec]") {
  const bool holds = rc::check([](const std::string& noise) {
    const auto decoded = decode(noise);
    if (const auto* error = std::get_if<DecodeError>(&decoded)) RC_ASSERT(!error->detail.empty());
  });
  CHECK(holds);
}
