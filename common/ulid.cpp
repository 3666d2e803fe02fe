#include "common/ulid.hpp"

#include <cstdint>
#include <string_view>

namespace lethe {

std::string new_ulid(const Clock& clock, Random& random) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr std::size_t time_length = 10;  // 48 bits in 5-bit digits
  std::string id(26, '0');
  auto time = static_cast<std::uint64_t>(clock.unix_time().count());
  for (std::size_t i = time_length; i-- > 0; time >>= 5U) id[i] = alphabet[time & 31U];
  std::uint64_t bits = 0;
  for (std::size_t i = time_length; i < id.size(); ++i) {
    if ((i - time_length) % 8 == 0) bits = random.next();  // 8 digits use 40 of the 64 bits
    id[i] = alphabet[bits & 31U];
    bits >>= 5U;
  }
  return id;
}

}  // namespace lethe
