#include "common/db/target/block_sample.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lethe::db {

double sampled_share(std::int64_t blocks) {
  return std::min(1.0, static_cast<double>(sampled_blocks) /
                           static_cast<double>(std::max<std::int64_t>(1, blocks)));
}

namespace {

std::string clause(double share, std::uint32_t seed, Params& params) {
  const std::string percent = params.bind(fmt::format("{:.9f}", 100 * share));
  return fmt::format(" TABLESAMPLE SYSTEM ({}::real) REPEATABLE ({}::float8)", percent,
                     params.bind(seed));
}

}  // namespace

std::string sample_clause(std::int64_t blocks, std::uint32_t seed, Params& params) {
  return clause(sampled_share(blocks), seed, params);
}

BuiltStatement count_in_sample(const RelationRow& relation, const Predicate& predicate,
                               std::size_t phases) {
  BuiltStatement built;
  std::string counts;
  for (std::size_t phase = 0; phase < phases; ++phase)
    counts += fmt::format(", count(*) FILTER (WHERE {}) AS expired_{}",
                          predicate.one_phase(phase, built.params), phase);
  const std::string any = predicate.all_phases(built.params);
  const std::string aged = predicate.aged(built.params);
  built.sql = fmt::format(
      "SELECT count(*) AS rows, count(*) FILTER (WHERE {}) AS expired, count(*) FILTER (WHERE {}) "
      "AS aged{} FROM ONLY {} AS x{}",
      any, aged, counts, relation.name, sample_clause(relation.blocks, relation.oid, built.params));
  return built;
}

BuiltStatement count_in_part(const RelationRow& relation, const Predicate& predicate,
                             double share) {
  BuiltStatement built;
  const std::string eligible = predicate.all_phases(built.params);
  const std::string sample = share < 1 ? clause(share, relation.oid, built.params) : "";
  // Twice, because in a FILTER the server would ask other tables row by row.
  built.sql = fmt::format(
      "SELECT (SELECT count(*) FROM ONLY {0} AS x{1}) AS rows, (SELECT count(*) FROM ONLY {0} AS "
      "x{1} WHERE {2}) AS eligible",
      relation.name, sample, eligible);
  return built;
}

BuiltStatement count_up_to(const RelationRow& relation, const Predicate& predicate,
                           std::int64_t rows_max) {
  BuiltStatement built;
  const std::string eligible = predicate.all_phases(built.params);
  built.sql = fmt::format(
      "SELECT count(*) AS rows FROM (SELECT 1 FROM ONLY {} AS x WHERE {} LIMIT {}::bigint) AS e",
      relation.name, eligible, built.params.bind(rows_max + 1));
  return built;
}

}  // namespace lethe::db
