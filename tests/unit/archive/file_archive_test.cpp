#include "common/archive/file_archive.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/archive/durable_file.hpp"
#include "tests/support/catch.hpp"

using namespace lethe;
namespace fs = std::filesystem;

namespace {

constexpr const char* run = "01J9Z0C5Y3R8T6W2N4M7K1P0QA";

/// A directory of the test's own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "lethe-archive-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path = name;
  }
  ~Scratch() {
    std::error_code error;
    fs::remove_all(path, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path;
};

NewArchiveFile new_file(const std::string& directory, const std::string& content) {
  return {.directory = directory,
          .run = run,
          .name = "T-1-1",
          .content = content,
          .manifest = R"({"target":"app","system_identifier":"7","rows":2})"};
}

std::string problem_of(ArchiveStore& store, const ArchiveFile& file) {
  return store.problem(file, 2);
}

void overwrite(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

const auto nothing_known = [](const std::string&) { return false; };

}  // namespace

TEST_CASE("a file of an archive is read as it was written and its manifest says what it is",
          "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * 7919 >> (i % 9));
  const ArchiveFile file = store.write(new_file(scratch.path, content));
  CHECK(file.file.starts_with(std::string(run) + "/T-1-1-"));
  CHECK(file.file.ends_with(".csv.zst"));
  CHECK(file.bytes == static_cast<std::int64_t>(fs::file_size(scratch.path + "/" + file.file)));
  CHECK(store.read(file) == content);
  CHECK(problem_of(store, file).empty());
  const std::string stem = file.file.substr(0, file.file.size() - 8);
  const auto manifest =
      nlohmann::json::parse(archive::read_file(scratch.path + "/" + stem + ".json"));
  CHECK(manifest.at("sha256") == file.sha256);
  CHECK(manifest.at("bytes") == file.bytes);
  CHECK(manifest.at("file") == file.file);
  CHECK(manifest.at("target") == "app");
  struct stat facts {};
  REQUIRE(stat((scratch.path + "/" + file.file).c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07) == 0);
}

TEST_CASE("an empty file and one batch written twice are as good as others", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const ArchiveFile empty = store.write(new_file(scratch.path, ""));
  CHECK(store.read(empty).empty());
  const ArchiveFile first = store.write(new_file(scratch.path, "\"a\"\n"));
  const ArchiveFile again = store.write(new_file(scratch.path, "\"a\"\n"));
  const ArchiveFile other = store.write(new_file(scratch.path, "\"b\"\n"));
  CHECK(first.file == again.file);
  CHECK(other.file != first.file);
  CHECK(store.read(first) == "\"a\"\n");
  CHECK(store.read(other) == "\"b\"\n");
}

TEST_CASE("a file that was changed in any byte is found", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const ArchiveFile file = store.write(new_file(scratch.path, "\"a\"\n\"1\"\n\"2\"\n"));
  const fs::path path = scratch.path + "/" + file.file;
  const std::string bytes = archive::read_file(path);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    overwrite(path, changed);
    CHECK(says(problem_of(store, file), "was changed"));
    CHECK_THROWS_AS(store.read(file), ArchiveError);
  }
  overwrite(path, bytes.substr(0, bytes.size() - 1));
  CHECK(says(problem_of(store, file), "was changed"));
  overwrite(path, bytes);
  CHECK(problem_of(store, file).empty());
  CHECK(says(store.problem(file, 3), "rows or sha256 differ"));
  fs::remove(path);
  CHECK(says(problem_of(store, file), "No such file"));
  CHECK_THROWS_AS(store.read(file), ArchiveError);
}

TEST_CASE("a manifest that is missing or of another file is found", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const ArchiveFile file = store.write(new_file(scratch.path, "\"a\"\n"));
  const fs::path manifest =
      scratch.path + "/" + file.file.substr(0, file.file.size() - 8) + ".json";
  overwrite(manifest, R"({"rows":2,"sha256":"0"})");
  CHECK(says(problem_of(store, file), "is not of the file beside it"));
  overwrite(manifest, "{");
  CHECK(says(problem_of(store, file), "is missing or cannot be read"));
  fs::remove(manifest);
  CHECK(says(problem_of(store, file), "is missing or cannot be read"));
}

TEST_CASE("files that nobody asked for are found with whose they are", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const ArchiveFile file = store.write(new_file(scratch.path, "\"a\"\n"));
  overwrite(scratch.path + "/" + run + "/.T-1-2-0.csv.zst.partial", "x");
  overwrite(scratch.path + "/" + run + "/readme.txt", "x");
  fs::create_directory(scratch.path + "/lost+found");
  const auto strays = store.strays(scratch.path, nothing_known);
  REQUIRE(strays.size() == 2);
  const auto& whole = strays[0].target.empty() ? strays[1] : strays[0];
  const auto& partial = strays[0].target.empty() ? strays[0] : strays[1];
  CHECK(whole.file == file.file);
  CHECK(whole.target == "app");
  CHECK(whole.system_identifier == "7");
  CHECK(partial.file == std::string(run) + "/.T-1-2-0.csv.zst.partial");
  CHECK(store.strays(scratch.path, [&](const std::string& name) { return name == file.file; })
            .size() == 1);
  CHECK(store.strays(scratch.path + "/none", nothing_known).empty());
}

TEST_CASE("a file is removed with its manifest and no other", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const ArchiveFile first = store.write(new_file(scratch.path, "\"a\"\n"));
  const ArchiveFile second = store.write(new_file(scratch.path, "\"b\"\n"));
  store.remove(scratch.path, first.file);
  CHECK_FALSE(problem_of(store, first).empty());
  CHECK(problem_of(store, second).empty());
  CHECK(store.strays(scratch.path, nothing_known).size() == 1);
  store.remove(scratch.path, first.file);  // gone already
  store.remove(scratch.path, second.file);
  CHECK(fs::is_empty(scratch.path));
  CHECK_THROWS_AS(store.remove(scratch.path + "/none", second.file), ArchiveError);
}

TEST_CASE("a directory that cannot be written is named with the reason", "[file_archive]") {
  const Scratch scratch;
  archive::FileArchive store;
  const auto refusal = [&](const std::string& directory) -> std::string {
    try {
      static_cast<void>(store.write(new_file(directory, "\"a\"\n")));
    } catch (const ArchiveError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(says(refusal(scratch.path + "/none"), "/none/" + std::string(run) + ": No such file"));
  overwrite(scratch.path + "/file", "x");
  CHECK(says(refusal(scratch.path + "/file"), "Not a directory"));
  fs::create_directory(scratch.path + "/full");
  overwrite(scratch.path + "/full/" + run, "x");
  CHECK(says(refusal(scratch.path + "/full"), "File exists"));
}
