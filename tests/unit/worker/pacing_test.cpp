#include "worker/pacing.hpp"

#include <rapidcheck.h>

#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::worker;
using namespace std::chrono_literals;

namespace {

Strategy any_strategy() {
  return *rc::gen::element(Strategy::sweep, Strategy::index, Strategy::key, Strategy::partition,
                           Strategy::call);
}

}  // namespace

TEST_CASE("a task of which nothing is known starts with the first size", "[pacing]") {
  CHECK(batch_size_now(Strategy::sweep, 0) == 256);
  CHECK(batch_size_now(Strategy::index, 0) == 1'000);
  CHECK(batch_size_now(Strategy::key, 0) == 10'000);
  CHECK(batch_size_now(Strategy::key, 1) == 32);
  CHECK(batch_size_now(Strategy::sweep, 1) == 1);
  CHECK(batch_size_now(Strategy::index, 1) == 32);
  CHECK(batch_size_now(Strategy::call, 0) == 1'000);
  CHECK(batch_size_now(Strategy::call, 1) == 100);
  CHECK(batch_size_now(Strategy::index, 1'000'000) == 50'000);
  CHECK(batch_size_now(Strategy::partition, 0) == 1);
}

TEST_CASE("a batch near the target keeps its size", "[pacing]") {
  CHECK(batch_size_after(Strategy::sweep, 1'000, 250ms, 250ms) == 1'000);
  CHECK(batch_size_after(Strategy::sweep, 1'000, 180ms, 250ms) == 1'000);
  CHECK(batch_size_after(Strategy::sweep, 1'000, 320ms, 250ms) == 1'000);
}

TEST_CASE("a fast batch at most doubles", "[pacing]") {
  CHECK(batch_size_after(Strategy::sweep, 1'000, 0ms, 250ms) == 2'000);
  CHECK(batch_size_after(Strategy::sweep, 1'000, 170ms, 250ms) == 1'470);
}

TEST_CASE("a slow batch shrinks in proportion", "[pacing]") {
  CHECK(batch_size_after(Strategy::sweep, 1'000, 500ms, 250ms) == 500);
  CHECK(batch_size_after(Strategy::sweep, 1'000, 2'500ms, 250ms) == 100);
}

TEST_CASE("sizes stay within the bounds whatever is measured", "[pacing]") {
  CHECK(rc::check("bounds", [] {
    const Strategy strategy = any_strategy();
    const auto size = *rc::gen::arbitrary<std::int64_t>();
    const auto took = std::chrono::milliseconds(*rc::gen::inRange(-10, 10'000'000));
    const auto target = std::chrono::milliseconds(*rc::gen::inRange(-10, 100'000));
    const BatchLimits limits = batch_limits(strategy);
    for (const std::int64_t next :
         {batch_size_after(strategy, size, took, target), halved(strategy, size)}) {
      RC_ASSERT(next >= limits.min);
      RC_ASSERT(next <= limits.max);
    }
  }));
}

TEST_CASE("a size never moves against what was measured", "[pacing]") {
  CHECK(rc::check("direction", [] {
    const Strategy strategy = any_strategy();
    const BatchLimits limits = batch_limits(strategy);
    const auto size = *rc::gen::inRange(limits.min, limits.max + 1);
    const auto took = std::chrono::milliseconds(*rc::gen::inRange(0, 10'000));
    const std::int64_t next = batch_size_after(strategy, size, took, 250ms);
    if (took > 325ms) RC_ASSERT(next < size || size == limits.min);
    if (took < 175ms) RC_ASSERT(next > size || size == limits.max);
    RC_ASSERT(next <= 2 * size);
  }));
}

TEST_CASE("after a search for a poisoned row batches are of the usual size again", "[pacing]") {
  CHECK(batch_size_after(Strategy::sweep, 1, 1ms, 250ms) == 16);
  CHECK(batch_size_after(Strategy::index, 32, 1ms, 250ms) == 100);
  CHECK(halved(Strategy::sweep, 1) == 16);
}

TEST_CASE("halving ends at the smallest size", "[pacing]") {
  std::int64_t size = 65'536;
  for (int i = 0; i < 20; ++i) size = halved(Strategy::sweep, size);
  CHECK(size == 16);
  CHECK(halved(Strategy::sweep, 0) == 128);
}
