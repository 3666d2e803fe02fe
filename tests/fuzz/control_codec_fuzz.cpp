// Feeds the decoder of the control messages with damaged frames. With libFuzzer: compile with
// clang++ -fsanitize=fuzzer -DLETHE_LIBFUZZER. Without: this program is its own driver, made for
// g++ with AddressSanitizer and UndefinedBehaviorSanitizer (docs/testing.md).
//
//   control_codec_fuzz [executions] [seed]

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "proto/control_codec.hpp"
#include "tests/support/control_messages.hpp"

namespace {

using namespace lethe::wire;

[[noreturn]] void broken(const char* promise) {
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

/// What must hold for every frame. True when it was read.
bool check(const std::string& frame) {
  const auto decoded = decode(frame);
  const auto* envelope = std::get_if<Envelope>(&decoded);
  if (envelope == nullptr) {
    const auto& error = std::get<DecodeError>(decoded);
    if (error.detail.empty()) broken("an error says what is wrong");
    if (error.id.size() > id_bytes_max) broken("an error's id is limited");
    return false;
  }
  const std::string again = encode(*envelope);
  if (again.size() > frame_bytes_max) broken("what is encoded fits into a frame");
  const auto twice = decode(again);
  const auto* same = std::get_if<Envelope>(&twice);
  if (same == nullptr || !(*same == *envelope)) broken("what was read can be written and read");
  return true;
}

}  // namespace

#ifdef LETHE_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

#else

namespace {

using Engine = std::mt19937_64;

/// Bytes that mean something to msgpack: heads of maps, arrays, texts and numbers, small and huge.
constexpr unsigned char heads[] = {0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3,
                                   0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcc, 0xcf, 0xd0, 0xd3,
                                   0xd4, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff, 0x7f};

std::size_t below(Engine& engine, std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(engine() % limit);
}

void mutate_once(std::string& frame, const std::vector<std::string>& seeds, Engine& engine) {
  const std::size_t at = below(engine, frame.size());
  switch (below(engine, 8)) {
    case 0: frame.resize(at); break;
    case 1:
      if (!frame.empty()) frame[at] = static_cast<char>(engine());
      break;
    case 2:
      if (!frame.empty()) frame[at] = static_cast<char>(heads[below(engine, sizeof heads)]);
      break;
    case 3: frame.insert(at, 1, static_cast<char>(engine())); break;
    case 4: frame.erase(at, 1 + below(engine, 8)); break;
    case 5: {
      const std::string& other = seeds.at(below(engine, seeds.size()));
      frame.insert(at, other.substr(below(engine, other.size()), below(engine, 64)));
      break;
    }
    case 6: frame += frame.substr(at); break;
    default:
      if (!frame.empty()) frame[at] = static_cast<char>(frame[at] ^ (1 << below(engine, 8)));
  }
  if (frame.size() > frame_bytes_max + 64) frame.resize(frame_bytes_max + 64);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t executions = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  Engine engine(seed);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::vector<std::string> seeds;
  for (const auto& envelope : lethe::test::sample_envelopes()) seeds.push_back(encode(envelope));
  std::uint64_t read = 0;
  for (std::uint64_t i = 0; i < executions; ++i) {
    std::string frame = seeds.at(below(engine, seeds.size()));
    const std::size_t rounds = 1 + below(engine, 6);
    for (std::size_t round = 0; round < rounds; ++round) mutate_once(frame, seeds, engine);
    if (check(frame)) ++read;
  }
  std::printf("%llu executions, %llu frames were read, the others refused\n",
              static_cast<unsigned long long>(executions), static_cast<unsigned long long>(read));
  return 0;
}

#endif
