#include "common/policies/connection_url.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/policies/policy_text.hpp"

using lethe::connection_url_problem;
using lethe::policy_test::contains;

TEST_CASE("a connection string without a secret is taken", "[connection_url]") {
  for (const char* url :
       {"service=app", "host=db dbname=app user=lethe", "host = db  dbname='my app'",
        "host=db passfile=/etc/lethe/pass", "application_name='password=x'",
        "dbname='it\\'s' user=a", "options='-c statement_timeout=5'", "postgresql://",
        "postgres://db/app", "postgresql://me@db:5432/app?sslmode=require",
        "postgresql://me@h1:1,h2:2/app", "postgresql://me@[2001:db8::1]:5432/app",
        "postgresql://[::1]/app", "postgresql:///app?host=/run/postgresql&user=me",
        "postgresql://db/app?application_name=me@x:y", "postgresql://db:5432/app?user=a@b",
        "postgresql://db/app?passfile=%2Fetc%2Fpass"}) {
    CAPTURE(url);
    CHECK(connection_url_problem(url).empty());
  }
}

TEST_CASE("a connection string with a secret is refused wherever it hides", "[connection_url]") {
  for (const char* url : {"password=x",
                          "host=db password=x",
                          "host=db password = x",
                          "host=db password='x y'",
                          "host='a b'password=x",
                          "host='a\\'b' password=x",
                          "host=a\\ b password=x",
                          "host=db PASSWORD=x",
                          "host=db sslpassword=x",
                          "dbname='host=db password=x'",
                          "dbname='postgres://me:x@db'",
                          "dbname=postgres://db?password=x",
                          "host=db oauth_client_secret=x",
                          "host=db scram_client_key=x",
                          "postgresql://me:x@db/app",
                          "postgres://me:x@db/app",
                          "postgresql://:x@db/app",
                          "postgresql://me:x/y@db/app",
                          "postgresql://me:x?y@db/app",
                          "postgresql://me:x?y/z@db/app",
                          "postgresql://me:x@y@db/app",
                          "postgresql://db/app?password=x",
                          "postgresql://db/app?sslmode=require&password=x",
                          "postgresql://db/app?sslpassword=x",
                          "postgresql://db/app?p%61ssword=x",
                          "postgresql://db/app?PASSWORD=x",

                          "postgresql://db?dbname=postgres%3A%2F%2Fme%3Ax%40db"}) {
    CAPTURE(url);
    CHECK(contains(connection_url_problem(url), "must not hold a password or key; keep it in"));
  }
}

TEST_CASE("what libpq would not read is refused", "[connection_url]") {
  for (const char* url :
       {"", " ", "app", "host=db app", "=x", "host", "host=db password", "host='db",
        "jdbc:postgresql://db/app", "POSTGRES://db", "postgresql://me:secret/app",
        "postgresql://db/app?sslmode", "postgresql://us?er@db/app?password=x"}) {
    CAPTURE(url);
    CHECK(contains(connection_url_problem(url), "is not a connection string; write postgresql://"));
  }
  CHECK(contains(connection_url_problem(std::string("host=") + std::string(4096, 'x')),
                 "is not a connection string"));
  CHECK(contains(connection_url_problem("host=db\nuser=me"), "line break"));
  CHECK(contains(connection_url_problem("host=db\tpassword=x"), "control character"));
}
