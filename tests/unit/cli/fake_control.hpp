#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/control/control_access.hpp"
#include "common/control/control_store.hpp"
#include "common/store_error.hpp"
#include "common/user_error.hpp"
#include "tests/unit/cli/fake_target.hpp"

namespace lethe::cli::test {

class FakeCommands final : public CommandStore {
 public:
  explicit FakeCommands(Log& log) : log_(log) {}
  CommandAnswer carry_out(const OperatorCommand& command, const std::string& actor) override {
    ids.push_back(command.id);
    log_.push_back(command.verb + " " + command.object + " by " + actor);
    if (lost_answers-- > 0)
      throw StoreError(Failure::commit_unknown, "commands_carry_out", "", "gone");
    return answer;
  }
  CommandAnswer answer{.code = "done", .detail = "it is done"};
  int lost_answers = 0;
  std::vector<std::string> ids;

 private:
  Log& log_;
};

class FakeKeys final : public KeyStore {
 public:
  explicit FakeKeys(Log& log) : log_(log) {}
  std::vector<KeyRow> list() override { return rows; }
  void allow(const AllowedKey& key, const std::string& actor) override {
    log_.push_back("allow " + key.name + " as " + to_string(key.role) + " by " + actor);
    rows.push_back({.key = key, .allowed_by = actor, .allowed_at = ""});
  }
  bool revoke(const std::string& name, const std::string&) override {
    log_.push_back("revoke " + name);
    return std::erase_if(rows, [&](const KeyRow& row) { return row.key.name == name; }) > 0;
  }
  std::vector<KeyRow> rows;

 private:
  Log& log_;
};

class FakeSchedulers final : public SchedulerDirectory {
 public:
  void announce(const SchedulerAddress& address, const std::string&) override {
    addresses.push_back(address);
  }
  void withdraw(const std::string&) override { addresses.clear(); }
  std::vector<SchedulerAddress> live() override {
    if (is_unreachable) throw StoreError(Failure::connection_lost, "schedulers_live", "", "gone");
    return addresses;
  }
  std::vector<SchedulerAddress> addresses;
  bool is_unreachable = false;
};

using Frames = std::vector<std::string>;

/// Gives each frame once.
class FakeEvents final : public EventSource {
 public:
  explicit FakeEvents(std::shared_ptr<Frames> frames) : frames_(std::move(frames)) {}
  Frames receive(std::chrono::milliseconds) override { return std::exchange(*frames_, {}); }

 private:
  std::shared_ptr<Frames> frames_;
};

class FakeControl final : public ControlAccess {
 public:
  std::string make_key_file(const std::string& file) override {
    if (files.count(file) > 0) throw UserError(ExitCode::refused, file + " is there already");
    return files[file] = std::string(40, 'k');
  }
  std::string public_key_in(const std::string& file) override {
    if (files.count(file) == 0) throw UserError(ExitCode::bad_config, "key file " + file);
    return files.at(file);
  }
  [[nodiscard]] bool is_public_key(const std::string& text) const override {
    return text.size() == 40;
  }
  [[nodiscard]] bool can_subscribe(const SchedulerAddress& scheduler, const std::string&,
                                   bool allow_plain) const override {
    return !scheduler.events.empty() && (allow_plain || scheduler.events.rfind("tcp://", 0) != 0);
  }
  std::unique_ptr<EventSource> subscribe(const SchedulerAddress&, const std::string& file,
                                         const std::string& topic) override {
    if (failures > 0) {
      --failures;
      throw BusError("cannot subscribe to events: no socket");
    }
    subscribed.push_back(file + "|" + topic);
    waiting.push_back(std::make_shared<Frames>(std::exchange(frames, {})));
    return std::make_unique<FakeEvents>(waiting.back());
  }
  std::map<std::string, std::string> files;
  int failures = 0;
  Frames frames;                                 ///< of the next subscription
  std::vector<std::shared_ptr<Frames>> waiting;  ///< of each subscription
  std::vector<std::string> subscribed;
};

}  // namespace lethe::cli::test
