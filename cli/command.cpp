#include "cli/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "cli/text.hpp"
#include "common/policies/connection_url.hpp"
#include "common/version.hpp"

namespace lethe::cli {

struct Command::Actions {
  std::map<const CLI::App*, Action> by_command;
};

namespace {

/// The command that was reached, also when parsing stopped in its middle.
CLI::App& deepest(CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest(*parsed.back());
}

std::string path_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return app.get_name();
  return fmt::format("{} {}", path_of(*app.get_parent()), app.get_name());
}

UserError usage_error(const CLI::App& at, const std::string& problem) {
  return {ExitCode::usage, fmt::format("{}; see {} --help", one_line(problem), path_of(at))};
}

std::string names_of_subcommands(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

std::string examples_footer(const std::string& examples) {
  std::string footer = "Examples:";
  for (const std::string& example : split(examples, '\n')) footer += "\n  " + example;
  return footer + "\n\n--output table|json and --database URL may follow every command.";
}

}  // namespace

Command Command::add(const std::string& name, const std::string& summary,
                     const std::string& examples) const {
  CLI::App* command = app_.add_subcommand(name, summary);
  command->footer(examples_footer(examples));
  return {*command, actions_};
}

const Command& Command::positional(const std::string& name, std::string& value,
                                   const std::string& help) const {
  app_.add_option(name, value, help)->required()->type_name("");
  return *this;
}

const Command& Command::optional_positional(const std::string& name, std::string& value,
                                            const std::string& help) const {
  app_.add_option(name, value, help)->type_name("");
  return *this;
}

const Command& Command::positionals(const std::string& name, std::vector<std::string>& values,
                                    const std::string& help) const {
  app_.add_option(name, values, help)->type_name("");
  return *this;
}

const Command& Command::required(const std::string& flag, std::string& value,
                                 const std::string& help) const {
  app_.add_option(flag, value, help)->required();
  return *this;
}

const Command& Command::option(const std::string& flag, std::string& value,
                               const std::string& help) const {
  app_.add_option(flag, value, help);
  return *this;
}

const Command& Command::option(const std::string& flag, std::optional<std::string>& value,
                               const std::string& help) const {
  app_.add_option(flag, value, help);
  return *this;
}

const Command& Command::option(const std::string& flag, std::optional<std::int64_t>& value,
                               Range range, const std::string& help) const {
  CLI::Validator in_range = CLI::Range(range.min, range.max);
  in_range.description("");  // the help text tells the range in words where it matters
  app_.add_option(flag, value, help)->check(in_range)->type_name("N");
  return *this;
}

const Command& Command::repeatable(const std::string& flag, std::vector<std::string>& values,
                                   const std::string& help) const {
  app_.add_option(flag, values, help)->allow_extra_args(false);
  return *this;
}

const Command& Command::flag(const std::string& flag, bool& value, const std::string& help) const {
  app_.add_flag(flag, value, help);
  return *this;
}

void Command::runs(Action action) const { actions_.by_command[&app_] = std::move(action); }

void Command::runs_with(const std::string& positional_name, const std::string& help,
                        std::function<ExitCode(Services&, const std::string&)> action) const {
  const auto value = std::make_shared<std::string>();
  positional(positional_name, *value, help);
  runs(
      [value, action = std::move(action)](Services& services) { return action(services, *value); });
}

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>("Enforces data retention on PostgreSQL", "lethe")),
      actions_(std::make_unique<Command::Actions>()) {
  app_->fallthrough();  // inherited: the options below may follow any subcommand
  app_->set_version_flag("--version", fmt::format("lethe {}", lethe::version));
  app_->add_option("--database", database_,
                   "control database: libpq URI, key=value string or service, without a password; "
                   "else LETHE_DATABASE_URL, else libpq's PG* variables");
  app_->add_option("--output", format_, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
  app_->footer(
      examples_footer("lethe migrate\n"
                      "lethe target add app --url service=app\n"
                      "lethe target install app\n"
                      "lethe policy apply -f policies.yaml\n"
                      "lethe run list --open --output json"));
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() { return {*app_, *actions_}; }

Typed CommandLine::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
  try {
    app_->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return {.help = app_->help()};
  } catch (const CLI::CallForVersion& version) {
    return {.help = fmt::format("{}\n", version.what())};
  } catch (const CLI::ParseError& error) {
    throw usage_error(deepest(*app_), error.what());
  }
  const CLI::App& chosen = deepest(*app_);
  const auto found = actions_->by_command.find(&chosen);
  if (found == actions_->by_command.end())
    throw usage_error(chosen, fmt::format("which one of {}", names_of_subcommands(chosen)));
  if (app_->count("--database") > 0) {
    const std::string problem = connection_url_problem(database_);
    if (!problem.empty()) throw usage_error(*app_, fmt::format("--database: {}", problem));
  }
  return {.action = found->second,
          .database = database_,
          .format = format_ == "json" ? OutputFormat::json : OutputFormat::table};
}

}  // namespace lethe::cli
