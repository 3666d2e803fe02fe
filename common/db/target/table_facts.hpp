#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/policies/policy.hpp"

namespace lethe::db {

/// The kinds of column that can hold the time of a row. What an integer counts, and that a UUID has
/// a time in it, only the policy knows.
enum class TimeType { none, timestamptz, timestamp, date, epoch_s, epoch_ms, epoch_us, uuidv7 };

struct ColumnFacts {
  std::string quoted;  ///< by the server
  std::string type;    ///< as SQL writes it, qualified where it must be
  TimeType time = TimeType::none;
  std::string stored_type = {};  ///< with its length or precision; of a domain: the domain
  bool folds = false;            ///< by its collation different texts are equal
};

/// A foreign key that points at a table that Lethe cleans. All text is the server's own.
struct ForeignKeyFacts {
  /// What happens to the children of a row that is deleted.
  enum class Action { no_action, restrict, cascade, set_null, set_default };

  std::uint32_t oid = 0;
  std::string constraint;  ///< quoted
  std::string child;       ///< the table that points here, quoted and qualified
  TableName child_name;    ///< the same by exact names
  std::uint32_t child_oid = 0;
  std::string columns;  ///< of the child, quoted, separated by ", "
  Action action = Action::no_action;
  bool of_itself = false;            ///< the child is the table itself
  bool is_temporal = false;          ///< WITH PERIOD: Lethe cannot tell which rows it needs
  bool hides_rows = false;           ///< row security hides rows of the child from this role
  double child_rows = 0;             ///< by statistics; 0: unknown or none
  std::string missing_grant;         ///< what would let this role read the child's key; "": it may
  std::string missing_delete_grant;  ///< what would let this role delete its rows; "": it may
  bool goes_along = false;           ///< the policy lists the child under cascade
  std::string from_item;             ///< the child under the alias c
  std::string match;                 ///< condition: row c of the child points at row x of the table
};

/// A table as the catalog of its database has it. All names are quoted by the server.
struct TableFacts {
  std::uint32_t oid = 0;
  std::string name;
  std::string role = {};  ///< ours
  bool partitioned = false;
  bool by_columns =
      false;             ///< this role may read single columns alone, and so not where rows stand
  bool updated = false;  ///< its rows get new values instead of being deleted
  std::int32_t server_version = 0;             ///< e.g. 150018
  std::map<std::string, ColumnFacts> columns;  ///< by exact name
  std::vector<ForeignKeyFacts> foreign_keys;   ///< that point here, or at what it is a part of
  std::vector<ForeignKeyFacts> deeper_keys;    ///< that point at children that go along
};

/// One relation that holds rows of it.
struct RelationRow {
  std::uint32_t oid = 0;
  std::string name;
  std::int64_t blocks = 0;
  double rows = -1;           ///< by statistics; -1: never analysed
  bool may_read = true;       ///< this role may read all columns, and where rows stand
  bool may_lock = false;      ///< this role may lock its rows (SELECT … FOR UPDATE)
  bool has_triggers = false;  ///< that a batch fires, those of foreign keys included
};

}  // namespace lethe::db
