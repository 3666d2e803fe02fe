#include "common/config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "common/user_error.hpp"

namespace lethe {

namespace {

void add_settings(CLI::App& app, const SettingTable& table, CommandLine& line) {
  for (const SettingSpec& spec : table) {
    if (spec.flag.empty()) continue;
    CLI::Option* option = app.add_option_function<std::vector<std::string>>(
        spec.flag,
        [&line, key = spec.key, bare = spec.bare](const std::vector<std::string>& texts) {
          const bool has_value = !texts.empty() && !texts.front().empty();
          line.flags[key] = has_value || bare.empty() ? texts : std::vector<std::string>{bare};
        },
        spec.help + " (" + environment_name(spec) + ")");
    option->take_all()->expected(spec.bare.empty() ? 1 : 0, 1);
  }
}

std::string with_newline(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

CommandLine parse_command_line(const Daemon& daemon, int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(daemon.description, daemon.program);
  bool version = false;
  app.add_option("--config", line.file, "YAML file of settings");
  app.add_flag("--check-config", line.check_config, "check all settings and exit");
  app.add_flag("--print-config", line.print_config, "print all settings and where each comes from");
  app.add_flag("--version", version, "print the version");
  add_settings(app, daemon.settings, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.text = with_newline(app.help());
    return line;
  } catch (const CLI::ParseError& error) {
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    throw UserError(ExitCode::usage, message + "; see " + daemon.program + " --help");
  }
  if (version) line.text = daemon.program + " " + daemon.version + "\n";
  return line;
}

}  // namespace lethe
