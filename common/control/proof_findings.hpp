#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lethe {

/// What is wrong with a chain.
struct ProofFinding {
  enum class Kind {
    edited,     ///< a row's hash is not that of its content
    missing,    ///< rows that must be there are not
    reordered,  ///< rows are not in the order in which they were written
    inserted,   ///< rows that nobody knows of
    note,       ///< nothing wrong, but worth knowing
  };
  Kind kind = Kind::edited;
  std::string where;  ///< e.g. "task 01JD… batch 3"
  std::string what;   ///< for people, without a full stop
};

[[nodiscard]] const char* to_string(ProofFinding::Kind kind) noexcept;

/// Findings in the order in which they were made, the first thousand of them.
class ProofFindings {
 public:
  static constexpr std::size_t kept_max = 1'000;

  void add(ProofFinding::Kind kind, std::string where, std::string what);
  [[nodiscard]] const std::vector<ProofFinding>& kept() const noexcept { return kept_; }
  /// All of them but notes, also those that were not kept.
  [[nodiscard]] std::int64_t wrong() const noexcept { return wrong_; }

 private:
  std::vector<ProofFinding> kept_;
  std::int64_t wrong_ = 0;
};

}  // namespace lethe
