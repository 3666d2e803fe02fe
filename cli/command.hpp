#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/services.hpp"
#include "common/user_error.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own name
class App;
}

namespace lethe::cli {

/// What a subcommand does once the whole command line was read.
using Action = std::function<ExitCode(Services&)>;

/// A subcommand being described. A light handle; keeps CLI11, which is slow to compile, in one
/// translation unit. Variables bound to options must live as long as the CommandLine: keep them in
/// the object that the action owns.
class Command {
 public:
  struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
  };

  /// `examples` are full lines of shell, separated by line breaks, shown below the help.
  [[nodiscard]] Command add(const std::string& name, const std::string& summary,
                            const std::string& examples) const;

  const Command& positional(const std::string& name, std::string& value,
                            const std::string& help) const;
  /// May be left out, and then leaves `value` as it is.
  const Command& optional_positional(const std::string& name, std::string& value,
                                     const std::string& help) const;
  /// Any number of them, also none.
  const Command& positionals(const std::string& name, std::vector<std::string>& values,
                             const std::string& help) const;
  const Command& required(const std::string& flag, std::string& value,
                          const std::string& help) const;
  const Command& option(const std::string& flag, std::string& value, const std::string& help) const;
  const Command& option(const std::string& flag, std::optional<std::string>& value,
                        const std::string& help) const;
  const Command& option(const std::string& flag, std::optional<std::int64_t>& value, Range range,
                        const std::string& help) const;
  /// May be given several times, with one value each.
  const Command& repeatable(const std::string& flag, std::vector<std::string>& values,
                            const std::string& help) const;
  const Command& flag(const std::string& flag, bool& value, const std::string& help) const;

  void runs(Action action) const;

  /// The same for an action with options, which the parser fills in and the action, that may be
  /// copied, reads: that is why they are shared.
  template <class Options>
  void runs(std::shared_ptr<Options> options, ExitCode (*action)(Services&, const Options&)) const {
    runs([options = std::move(options), action](Services& services) {
      return action(services, *options);
    });
  }

  /// The same for an action whose only option is one positional.
  void runs_with(const std::string& positional_name, const std::string& help,
                 std::function<ExitCode(Services&, const std::string&)> action) const;

 private:
  friend class CommandLine;
  struct Actions;
  Command(CLI::App& app, Actions& actions) : app_(app), actions_(actions) {}

  CLI::App& app_;
  Actions& actions_;
};

/// What somebody typed.
struct Typed {
  Action action{};     ///< empty when help or the version was asked for
  std::string help{};  ///< then this is it
  std::string database{};
  OutputFormat format = OutputFormat::table;
};

/// The tree of commands.
class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] Command root();

  /// Reads the arguments after the program's name. Throws UserError (usage) that ends with where to
  /// find help.
  [[nodiscard]] Typed parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command::Actions> actions_;
  std::string database_;
  std::string format_ = "table";
};

}  // namespace lethe::cli
