#pragma once

// Private to common/db. Pure: how a function of the user's is called and what its answer means.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/db/target/batch_delete.hpp"

namespace lethe::db {

/// One parameter as pg_proc has it.
struct FunctionParameter {
  char mode = 'i';   ///< i in, o out, b inout, v variadic, t column of the result
  std::string name;  ///< "" when it has none
  std::string type;  ///< as SQL writes it
};

/// A function or procedure as the catalog has it. All names are quoted by the server.
struct FunctionFacts {
  std::uint32_t oid = 0;
  std::string name;         ///< with its schema
  std::string signature;    ///< for people
  std::string search_path;  ///< for the call
  std::string fingerprint;
  char kind = 'f';     ///< f function, p procedure; a and w cannot be called
  std::string result;  ///< type
  std::vector<FunctionParameter> parameters;
};

/// What a call is told.
struct CallValues {
  std::string cutoff;  ///< timestamptz text
  std::string retain;  ///< interval text
  std::int64_t size = 0;
};

/// Why Lethe cannot call it, and the cure; "" when it can: each parameter must be one of those
/// whose meaning is certain (docs/policies.md, "Calling a function"), none twice, and the answer
/// a number or nothing.
[[nodiscard]] std::string call_problem(const FunctionFacts& function);

/// True when its answer says how many rows it has dealt with; otherwise it is called once.
[[nodiscard]] bool has_count(const FunctionFacts& function);

/// Calls a function once, for which call_problem says nothing. With a count it returns one row:
/// answers (how many rows came back), numbers (in how many of them the count is not NULL), lowest
/// and rows (the smallest count and the sum). A procedure returns its own row: count_column().
[[nodiscard]] BuiltStatement call_statement(const FunctionFacts& function,
                                            const CallValues& values);

/// Which of the columns that come back is the count, from 0; for functions with a count.
[[nodiscard]] std::size_t count_column(const FunctionFacts& function);

/// What to tell people of an error that the function raised.
[[nodiscard]] std::string call_error(const std::string& function, const std::string& message,
                                     const std::string& sqlstate);

}  // namespace lethe::db
