#pragma once

#include "common/control/operator_store.hpp"
#include "common/db/session.hpp"
#include "common/ulid.hpp"

namespace lethe::db {

/// RunStore in the control database.
class PgRunStore final : public RunStore {
 public:
  /// Both are borrowed and must outlive the store.
  PgRunStore(Session& session, IdMaker& ids) : session_(session), ids_(ids) {}

  StartedRun start(const Policy& spec, const StartOptions& options,
                   const std::string& actor) override;
  std::vector<RunRow> list(const RunFilter& filter) override;
  std::optional<RunRow> find(const std::string& id) override;
  std::optional<RunRow> glance(const std::string& id) override;
  RunEffort effort(const std::string& id) override;
  void keep_preview(const Policy& spec, const NewPreview& preview,
                    const std::string& actor) override;
  std::optional<PreviewRow> preview_of(const std::string& run) override;
  std::optional<std::int64_t> pace_of(const std::string& policy) override;
  void cancel(const std::string& id, const std::string& actor) override;

 private:
  std::vector<RunRow> read(const std::optional<std::string>& id, const RunFilter& filter,
                           bool with_spec);
  std::optional<RunRow> one(const std::string& id, bool with_spec);

  Session& session_;
  IdMaker& ids_;
};

}  // namespace lethe::db
