#include "common/db/pg_news_listener.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/db/connection_string.hpp"
#include "common/db/transact.hpp"
#include "common/store_error.hpp"

namespace lethe::db {

namespace {

constexpr const char* name = "control_news";

}  // namespace

struct PgNewsListener::Connection {
  explicit Connection(const std::string& text) : handle(PQconnectdb(text.c_str())) {}
  ~Connection() { PQfinish(handle); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] StoreError error() const {
    return {Failure::connection_lost, name, "", first_line(PQerrorMessage(handle))};
  }
  /// The news that came. Of more than `news_max` the rest in a few words, which hold whatever it
  /// was.
  [[nodiscard]] std::vector<ControlNews> take(std::size_t news_max) const {
    using Kind = ControlNews::Kind;
    std::vector<ControlNews> news;
    std::optional<ControlNews> rest;
    if (PQconsumeInput(handle) == 0) throw error();
    while (PGnotify* const notice = PQnotifies(handle)) {
      const auto one = news_of(notice->extra);
      PQfreemem(notice);
      if (!one) continue;
      if (news.size() < news_max) {
        news.push_back(*one);
        continue;
      }
      if (!rest) rest = ControlNews{.kind = Kind::ready};
      if (one->kind == Kind::ready) rest->count = std::max(rest->count, one->count);
    }
    if (rest) news.insert(news.end(), {*rest, {.kind = Kind::look}, {.kind = Kind::keys}});
    return news;
  }

  PGconn* const handle;
};

PgNewsListener::PgNewsListener(std::string connection, std::string application_name,
                               std::size_t news_max)
    : text_(with_defaults(connection, application_name)), news_max_(news_max) {}

PgNewsListener::~PgNewsListener() = default;

void PgNewsListener::connect() {
  auto fresh = std::make_unique<Connection>(text_);
  if (PQstatus(fresh->handle) != CONNECTION_OK) throw fresh->error();
  PQsetNoticeProcessor(
      fresh->handle, [](void*, const char*) {}, nullptr);
  PGresult* const result = PQexec(fresh->handle, "LISTEN lethe");
  const bool listens = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  if (!listens) throw fresh->error();
  connection_ = std::move(fresh);
}

std::vector<ControlNews> PgNewsListener::wait(std::chrono::milliseconds duration, int wake_fd) {
  if (connection_ == nullptr) {
    connect();
    return {{.kind = ControlNews::Kind::look}};
  }
  try {
    auto news = connection_->take(news_max_);
    if (!news.empty()) return news;
    std::array<pollfd, 2> waits{{{PQsocket(connection_->handle), POLLIN, 0}, {wake_fd, POLLIN, 0}}};
    // Interrupted: the caller comes again.
    if (poll(waits.data(), waits.size(), static_cast<int>(duration.count())) <= 0) return {};
    return connection_->take(news_max_);
  } catch (const StoreError&) {
    connection_.reset();
    throw;
  }
}

}  // namespace lethe::db
