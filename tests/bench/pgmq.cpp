#include "tests/bench/pgmq.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libpq-fe.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

namespace lethe::bench {

namespace {

constexpr const char* message = R"({"run": "01JD0000000000000000000000", "part": )";

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Finish>;

/// One connection with prepared statements, each executed as a transaction of its own.
class Connection {
 public:
  explicit Connection(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
  }

  void prepare(const char* name, const char* sql) {
    check(Result(PQprepare(connection_.get(), name, sql, 0, nullptr)));
  }

  Result execute(const char* name, const std::vector<std::string>& values) {
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const std::string& value : values) texts.push_back(value.c_str());
    return check(Result(PQexecPrepared(connection_.get(), name, static_cast<int>(texts.size()),
                                       texts.data(), nullptr, nullptr, 0)));
  }

 private:
  Result check(Result result) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail();
    return result;
  }
  [[noreturn]] void fail() {
    throw std::runtime_error(fmt::format("pgmq: {}", PQerrorMessage(connection_.get())));
  }

  std::unique_ptr<PGconn, Finish> connection_;
};

std::uint32_t read_and_delete(Connection& connection, int per_call) {
  const Result read = connection.execute("read", {fmt::to_string(per_call)});
  const int rows = PQntuples(read.get());
  if (rows == 0) return 0;
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) ids.emplace_back(PQgetvalue(read.get(), row, 0));
  const std::string argument =
      per_call == 1 ? ids.front() : fmt::format("{{{}}}", fmt::join(ids, ","));
  connection.execute("delete", {argument});
  return static_cast<std::uint32_t>(rows);
}

}  // namespace

Pgmq::Pgmq(const std::string& sql_file) {
  std::ifstream stream(sql_file, std::ios::binary);
  if (!stream) throw std::runtime_error(fmt::format("cannot read {}", sql_file));
  database_.execute({std::istreambuf_iterator<char>(stream), {}});
  database_.execute("SELECT pgmq.create('work')");
}

void Pgmq::fill(std::int64_t messages) {
  database_.execute(
      fmt::format("SELECT count(*) FROM pgmq.send_batch('work', ARRAY (SELECT ('{}' "
                  "|| n || '}}')::jsonb FROM generate_series(1, {}) n))",
                  message, messages));
  pqxx::connection connection(database_.url());
  pqxx::nontransaction work(connection);
  work.exec("VACUUM ANALYZE");
  work.exec("CHECKPOINT");
}

MakeCycle Pgmq::readers(int per_call) const {
  return [url = database_.url(), per_call](int) -> Cycle {
    const auto connection = std::make_shared<Connection>(url);
    connection->prepare("read", "SELECT * FROM pgmq.read('work', 30, $1::integer)");
    connection->prepare("delete", per_call == 1 ? "SELECT pgmq.delete('work', $1::bigint)"
                                                : "SELECT pgmq.delete('work', $1::bigint[])");
    return [connection, per_call] { return read_and_delete(*connection, per_call); };
  };
}

MakeCycle Pgmq::senders(int batch) const {
  return [url = database_.url(), batch](int) -> Cycle {
    const auto connection = std::make_shared<Connection>(url);
    connection->prepare("send", "SELECT pgmq.send_batch('work', $1::jsonb[])");
    return [connection, batch] {
      std::string list;
      for (int i = 0; i < batch; ++i) {
        // As an element of an array's text: quotes are escaped.
        list += fmt::format(R"({}"{{\"run\": \"01JD0000000000000000000000\", \"part\": {}}}")",
                            i == 0 ? "" : ",", i);
      }
      connection->execute("send", {"{" + list + "}"});
      return static_cast<std::uint32_t>(batch);
    };
  };
}

}  // namespace lethe::bench
