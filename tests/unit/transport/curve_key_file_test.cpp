#include "common/transport/curve_key_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "common/user_error.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
using namespace lethe::transport;

namespace {

/// A directory of its own, gone afterwards.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = "/tmp/lethe-keys-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const auto file = path / name;
    std::ofstream(file, std::ios::binary) << text;
    chmod(file.c_str(), mode);
    return file.string();
  }
};

std::string refusal(const std::filesystem::path& file) {
  try {
    static_cast<void>(read_key_file(file));
  } catch (const UserError& error) {
    CHECK(error.code() == ExitCode::bad_config);
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a key file is read as it was written and is its owner's alone", "[curve_key_file]") {
  const Folder folder;
  const auto file = folder.path / "k";
  const CurveKey key = generate_key();
  write_key_file(file, key);
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0600U);
  CHECK(read_key_file(file).secret_key == key.secret_key);
  CHECK(is_public_key(key.public_key));
  CHECK_THROWS_AS(write_key_file(file, key), UserError);  // never overwritten
  CHECK(generate_key().secret_key != key.secret_key);
}

TEST_CASE("a key file that others could read or change is refused", "[curve_key_file]") {
  const Folder folder;
  const auto file = folder.path / "k";
  const CurveKey key = generate_key();
  write_key_file(file, key);
  for (const mode_t mode : {0640U, 0604U, 0660U, 0602U, 0644U}) {
    chmod(file.c_str(), mode);
    CHECK(contains(refusal(file), "chmod 600"));
  }
  chmod(file.c_str(), 0400);
  CHECK(refusal(file).empty());
}

TEST_CASE("what is no key file is refused and never repeated", "[curve_key_file]") {
  const Folder folder;
  const CurveKey one = generate_key();
  const CurveKey other = generate_key();
  CHECK(contains(refusal(folder.path / "absent"), "lethe keys generate"));
  CHECK(contains(refusal(folder.path), "plain file"));
  CHECK(contains(refusal(folder.write("a", "")), "is not a key"));
  CHECK(contains(refusal(folder.write("b", std::string(100'000, 'x'))), "is not a key"));
  CHECK(contains(refusal(folder.write("c", "lethe-key 1\npublic short\nsecret short\n")),
                 "is not a key"));
  const std::string mixed = folder.write(
      "d", "lethe-key 1\npublic " + one.public_key + "\nsecret " + other.secret_key + "\n");
  CHECK(contains(refusal(mixed), "do not belong together"));
  CHECK_FALSE(contains(refusal(mixed), other.secret_key));
}
