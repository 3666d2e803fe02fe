#include <fmt/format.h>

#include <algorithm>

#include "cli/commands/policy.hpp"
#include "cli/explanation.hpp"
#include "cli/lookup.hpp"
#include "cli/policy_plan.hpp"

namespace lethe::cli {
namespace {

struct ExplainOptions {
  std::string name;
  std::optional<std::string> file;
};

/// A policy and the database that it is about.
struct Subject {
  Policy policy;
  std::string url;
};

Subject stored_subject(Services& services, const std::string& name) {
  const PolicyRow row = find_policy(services.stores(), name);
  return {stored_policy(row), find_target(services.stores(), row.target).url};
}

/// The policies of a file, or the one called `name`. The control database is asked only for targets
/// that the file does not say.
std::vector<Subject> subjects_of(Services& services, const PolicyFile& file,
                                 const std::string& name) {
  std::vector<Subject> subjects;
  for (const Policy& policy : file.policies) {
    if (!name.empty() && policy.name != name) continue;
    const auto known = std::find_if(file.targets.begin(), file.targets.end(),
                                    [&](const auto& one) { return one.name == policy.target; });
    subjects.push_back({policy, known != file.targets.end()
                                    ? known->url
                                    : find_target(services.stores(), policy.target).url});
  }
  if (subjects.empty() && !name.empty())
    throw UserError(
        ExitCode::not_found,
        fmt::format("the file has no policy '{}'; leave the name out for all of them", name));
  return subjects;
}

ExitCode explain(Services& services, const ExplainOptions& options) {
  if (options.name.empty() && !options.file)
    throw UserError(ExitCode::usage, "give the name of a policy, or -f FILE");
  std::vector<Subject> subjects;
  if (options.file)
    subjects = subjects_of(services, read_policy_file(services, *options.file), options.name);
  else
    subjects.push_back(stored_subject(services, options.name));
  std::vector<Record> records;
  std::string text;
  for (const Subject& subject : subjects) {
    const Policy& policy = subject.policy;
    const auto target = services.target(policy.target, subject.url);
    const Explanation explanation = target->explain(policy);
    records.push_back(explanation_record(policy, explanation));
    text += (text.empty() ? "" : "\n") + explanation_text(policy, explanation);
  }
  services.output().text(services.output().is_json() ? render_json(records) : text);
  return ExitCode::done;
}

}  // namespace

void add_policy_explain(const Command& policy) {
  const auto options = std::make_shared<ExplainOptions>();
  policy
      .add("explain", "Shows how a run made now would work, and why; writes nothing",
           "lethe policy explain executions-90d\n"
           "lethe policy explain -f policies.yaml --output json")
      .optional_positional("NAME", options->name, "of the policy")
      .option("-f,--file", options->file,
              "policies of a file in place of those that are stored; - is standard input")
      .runs(options, explain);
}

}  // namespace lethe::cli
