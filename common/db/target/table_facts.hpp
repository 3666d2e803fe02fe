#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lethe::db {

/// The kinds of column that can hold the time of a row. What an integer counts, and that a UUID has
/// a time in it, only the policy knows.
enum class TimeType { none, timestamptz, timestamp, date, epoch_s, epoch_ms, epoch_us, uuidv7 };

struct ColumnFacts {
  std::string quoted;  ///< by the server
  std::string type;    ///< as SQL writes it, qualified where it must be
  TimeType time = TimeType::none;
  std::string stored_type = {};  ///< with its length or precision; of a domain: the domain
};

/// A table as the catalog of its database has it. All names are quoted by the server.
struct TableFacts {
  std::uint32_t oid = 0;
  std::string name;
  std::string role = {};  ///< ours
  bool partitioned = false;
  bool updated = false;                        ///< its rows get new values instead of being deleted
  std::int32_t server_version = 0;             ///< e.g. 150018
  std::map<std::string, ColumnFacts> columns;  ///< by exact name
};

/// One relation that holds rows of it.
struct RelationRow {
  std::uint32_t oid = 0;
  std::string name;
  std::int64_t blocks = 0;
  double rows = -1;           ///< by statistics; -1: never analysed
  bool may_lock = false;      ///< this role may lock its rows (SELECT … FOR UPDATE)
  bool has_triggers = false;  ///< that a batch fires, those of foreign keys included
};

}  // namespace lethe::db
