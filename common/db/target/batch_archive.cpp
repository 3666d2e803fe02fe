#include "common/db/target/batch_archive.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/archive_csv.hpp"
#include "common/db/queries.gen.hpp"
#include "common/db/target/batch_transaction.hpp"
#include "common/policies/policy_json.hpp"

namespace lethe::db {

namespace {

using Kind = TargetTrouble::Kind;

/// A batch of more text than this is made smaller: the server and the worker hold it in memory.
constexpr std::int64_t file_bytes_max = 64 << 20;

/// What rows get instead of being deleted, as JSON.
std::optional<std::string> new_values(const Action& action) {
  if (action.kind != Action::Kind::set) return std::nullopt;
  nlohmann::json json;
  for (const auto& [column, value] : action.values)
    json[column] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  return json.dump();
}

}  // namespace

void BatchArchive::open(std::uint32_t relation) {
  if (!run_.spec.archive) return;
  relation_ = relation;
  const auto row = transaction_.exec(queries::archives_now).at(0);
  at_ = text(row, "at");
  system_identifier_ = text(row, "system_identifier");
  copies_.emplace();
  if (run_.spec.archive->directory.empty()) {
    open_table(relation);
  } else {
    open_file(relation);
  }
}

/// Locked by its name, so that it cannot change or be swapped before the end of the batch.
void BatchArchive::open_table(std::uint32_t relation) {
  const auto usable = [&] {
    ArchiveTable table = look_up_archive_table(transaction_, run_.spec, relation);
    if (!table.obstacle.empty())
      stop(Kind::changed, fmt::format("archive table {} {}", table.name, table.obstacle));
    return table;
  };
  transaction_.exec_built(fmt::format("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE", usable().name));
  ArchiveTable table = usable();
  copies_->columns = std::move(table.columns);
  copies_->table = std::move(table.name);
  if (table.has_run) copies_->run = run_.id.value;
  if (table.has_at) copies_->at = at_;
}

void BatchArchive::open_file(std::uint32_t relation) {
  if (store_ == nullptr)
    stop(Kind::permanent, "this process cannot archive into files; run a worker that can");
  transaction_.exec_text(exact_text_settings());
  columns_ = look_up_file_columns(transaction_, relation);
  for (const auto& column : columns_) copies_->columns.push_back(column.quoted);
  copies_->bytes_max = file_bytes_max;
}

void BatchArchive::add(const pqxx::row& answer) {
  if (!copies_) return;
  const std::int64_t touched = number(answer, "touched");
  if (!copies_->table.empty()) {
    const std::int64_t archived = number(answer, "archived");
    if (archived != touched)
      stop(Kind::permanent,
           fmt::format("{} rows were taken and {} copied into {}: a trigger or rule keeps them out "
                       "of the archive, so they stay",
                       touched, archived, copies_->table));
  } else if (touched > 0) {
    const std::int64_t bytes = number(answer, "bytes");
    const auto lines = maybe<std::string>(answer, "lines");
    if (!lines)
      stop(Kind::timed_out, fmt::format("{} rows are {} MiB of text, and a file of the archive may "
                                        "have {}; a smaller batch is needed",
                                        touched, bytes >> 20, file_bytes_max >> 20));
    lines_ += *lines;
    lines_ += '\n';
  }
  rows_ += touched;
}

void BatchArchive::finish(const BatchRecord& batch) {
  if (rows_ == 0) return;
  record(batch, copies_->table.empty() ? write(batch) : ArchiveFile{});
}

ArchiveFile BatchArchive::write(const BatchRecord& batch) {
  std::vector<std::string> names;
  for (const auto& column : columns_) names.push_back(column.name);
  try {
    return store_->write(
        {.directory = run_.spec.archive->directory,
         .run = run_.id.value,
         .name = fmt::format("{}-{}-{}", lease_.task.value, lease_.epoch, batch.number),
         .content = csv_header(names) + "\n" + lines_,
         .manifest = manifest(batch)});
  } catch (const ArchiveError& error) {
    stop(Kind::retryable,
         fmt::format("nothing was deleted, because the copies have no place: {}", error.what()));
  }
}

std::string BatchArchive::manifest(const BatchRecord& batch) const {
  using Json = nlohmann::ordered_json;
  const auto or_null = [](const std::optional<std::string>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json json{{"version", 1},
            {"target", run_.target},
            {"system_identifier", system_identifier_},
            {"run", run_.id.value},
            {"policy", run_.policy},
            {"policy_hash", run_.spec_sha256},
            {"task", lease_.task.value},
            {"epoch", lease_.epoch},
            {"batch", batch.number},
            {"action", run_.spec.action.kind == Action::Kind::set ? "set" : "delete"},
            {"table", to_text(run_.spec.table)},
            {"relation", batch.relation},
            {"cutoff", batch.cutoff},
            {"archived_at", at_},
            {"rows", rows_},
            {"oldest", or_null(batch.oldest)},
            {"newest", or_null(batch.newest)},
            {"columns", Json::array()}};
  for (const auto& column : columns_)
    json["columns"].push_back({{"name", column.name}, {"type", column.type}});
  // A database in SQL_ASCII may have names that are not UTF-8; they are for people here.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

void BatchArchive::record(const BatchRecord& batch, const ArchiveFile& file) {
  const ArchiveRule& rule = *run_.spec.archive;
  const bool in_table = !copies_->table.empty();
  const auto of_table = [&](const std::string& value) {
    return in_table ? std::optional(value) : std::nullopt;
  };
  const auto of_file = [&](const std::string& value) {
    return in_table ? std::nullopt : std::optional(value);
  };
  const auto keep = rule.keep ? std::optional(to_interval(*rule.keep)) : std::nullopt;
  transaction_.exec(
      queries::archives_insert,
      Params::of(run_.id.value, lease_.task.value, batch.number, lease_.epoch, run_.policy,
                 new_values(run_.spec.action), run_.spec.table.schema, run_.spec.table.table,
                 relation_, batch.relation, of_table(rule.table.schema), of_table(rule.table.table),
                 of_file(rule.directory), of_file(file.file), of_file(file.sha256), file.bytes,
                 rows_, batch.oldest, batch.newest, at_, keep));
}

}  // namespace lethe::db
