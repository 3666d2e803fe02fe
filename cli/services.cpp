#include "cli/services.hpp"

#include <fmt/format.h>

#include "cli/named_proof.hpp"
#include "cli/named_target.hpp"
#include "cli/text.hpp"
#include "common/user_error.hpp"

namespace lethe::cli {

Stores& Services::opened() {
  if (!stores_) stores_.emplace(environment_.open(connection_));
  return *stores_;
}

Stores& Services::stores() {
  Stores& stores = opened();
  if (!schema_is_known_) stores.migrations.require_known();
  schema_is_known_ = true;
  return stores;
}

Migrations& Services::migrations() { return opened().migrations; }

std::unique_ptr<TargetDatabase> Services::target(const std::string& name, const std::string& url) {
  return std::make_unique<NamedTarget>(name, environment_.connector.connect(url));
}

ArchiveStore& Services::archive() {
  if (environment_.archive == nullptr)
    throw UserError(ExitCode::failed, "this program cannot read archives in files");
  return *environment_.archive;
}

ControlAccess& Services::control() {
  if (environment_.control == nullptr)
    throw UserError(ExitCode::failed, "this program was built without messages");
  return *environment_.control;
}

std::unique_ptr<TargetProof> Services::target_proof(const std::string& name,
                                                    const std::string& url) {
  return std::make_unique<NamedProof>(name, environment_.connector.connect_proof(url));
}

bool Services::is_interactive() const noexcept {
  return environment_.terminal.in && environment_.terminal.err;
}

void Services::require_yes(bool yes) const {
  if (yes || is_interactive()) return;
  throw UserError(ExitCode::usage, "nobody is there to confirm; add --yes to go ahead");
}

bool Services::confirm(const std::string& question) {
  environment_.err << one_line(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(environment_.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void Services::note(const std::string& text) { environment_.err << one_line(text) << "\n"; }

}  // namespace lethe::cli
