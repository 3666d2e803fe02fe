#include "cli/commands/keys.hpp"

#include <fmt/format.h>

#include "common/policies/policy_parser.hpp"

namespace lethe::cli {
namespace {

struct AllowOptions {
  std::string name;
  std::string role;
  std::string key;
  std::string file;
};

KeyRole role_from(const std::string& text) {
  for (const KeyRole role : {KeyRole::worker, KeyRole::operator_of, KeyRole::viewer})
    if (text == to_string(role)) return role;
  throw UserError(ExitCode::usage, "--role: write worker, operator or viewer");
}

std::string public_key(Services& services, const AllowOptions& options) {
  if (options.key.empty() == options.file.empty())
    throw UserError(ExitCode::usage, "give exactly one of --key and --file");
  ControlAccess& control = services.control();
  if (!options.file.empty()) return control.public_key_in(options.file);
  if (!control.is_public_key(options.key))
    throw UserError(ExitCode::usage,
                    "--key: is no public key; it has 40 characters, as lethe keys generate "
                    "prints it");
  return options.key;
}

ExitCode generate(Services& services, const std::string& file) {
  const std::string key = services.control().make_key_file(file);
  services.output().result(
      {{"file", file}, {"public_key", key}},
      fmt::format("{} holds a new key that only its owner may read; its public half is {} ; allow "
                  "it with: lethe keys allow NAME --role worker --key '{}'",
                  file, key, key));
  return ExitCode::done;
}

ExitCode allow(Services& services, const AllowOptions& options) {
  if (!is_name(options.name))
    throw UserError(ExitCode::usage,
                    "NAME: write 1 to 63 of a-z 0-9 _ . - and start with a letter or digit");
  const KeyRole role = role_from(options.role);
  const std::string key = public_key(services, options);
  services.stores().keys.allow({.name = options.name, .public_key = key, .role = role},
                               services.actor());
  services.output().result(
      {{"name", options.name}, {"role", std::string(to_string(role))}, {"public_key", key}},
      fmt::format("{} may connect as {}; running schedulers know within seconds", options.name,
                  to_string(role)));
  return ExitCode::done;
}

ExitCode revoke(Services& services, const std::string& name) {
  if (!services.stores().keys.revoke(name, services.actor()))
    throw UserError(ExitCode::not_found, fmt::format("no key '{}'; see lethe keys list", name));
  services.output().result(
      {{"name", name}, {"change", std::string("revoked")}},
      fmt::format("{} may not connect any more; running schedulers end its connections within "
                  "seconds",
                  name));
  return ExitCode::done;
}

Record key_record(const KeyRow& row) {
  return {{"name", row.key.name},
          {"role", std::string(to_string(row.key.role))},
          {"public_key", row.key.public_key},
          {"allowed_by", row.allowed_by},
          {"allowed_at", row.allowed_at, Show::instant}};
}

ExitCode list(Services& services) {
  std::vector<Record> records;
  for (const KeyRow& row : services.stores().keys.list()) records.push_back(key_record(row));
  services.output().list(records, {"name", "role", "public_key", "allowed_by", "allowed_at"},
                         "no key may connect; see lethe keys allow --help");
  return ExitCode::done;
}

}  // namespace

void add_keys(const Command& root) {
  const Command keys =
      root.add("keys", "Who may connect to schedulers, and as what",
               "lethe keys generate worker-1.key\n"
               "lethe keys allow worker-1 --role worker --file worker-1.key\nlethe keys list");
  keys.add("generate", "Makes a new key in a file that only its owner may read",
           "lethe keys generate /etc/lethe/worker-1.key")
      .runs_with("FILE", "to be made", generate);
  const auto options = std::make_shared<AllowOptions>();
  keys.add("allow", "Lets the holder of a key connect",
           "lethe keys allow worker-1 --role worker --file worker-1.key\n"
           "lethe keys allow ana --role operator --key "
           "'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'")
      .positional("NAME", options->name, "for people and the audit")
      .required("--role", options->role, "worker, operator or viewer")
      .option("--key", options->key, "the public key")
      .option("--file", options->file, "a key file with it")
      .runs(options, allow);
  keys.add("revoke", "Ends what a key may do", "lethe keys revoke worker-1")
      .runs_with("NAME", "of the key", revoke);
  keys.add("list", "Lists the keys that may connect", "lethe keys list --output json").runs(list);
}

}  // namespace lethe::cli
