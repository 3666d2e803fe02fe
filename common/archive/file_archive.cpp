#include "common/archive/file_archive.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "common/archive/durable_file.hpp"

namespace lethe::archive {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int compression_level = 3;
constexpr std::size_t hash_digits_in_name = 16;
constexpr std::size_t strays_max = 100'000;
constexpr std::string_view data_end = ".csv.zst";
constexpr std::string_view manifest_end = ".json";

std::string sha256_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw ArchiveError("libcrypto cannot compute a sha256");
  return fmt::format("{:02x}", fmt::join(digest.data(), digest.data() + size, ""));
}

/// With a checksum of its own inside, so that `zstd --test` finds damage without a manifest.
std::string compress(std::string_view content) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     &ZSTD_freeCCtx);
  if (context == nullptr) throw ArchiveError("no memory to compress an archive");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string bytes(ZSTD_compressBound(content.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), bytes.data(), bytes.size(), content.data(), content.size());
  if (ZSTD_isError(size) != 0)
    throw ArchiveError(fmt::format("zstd cannot compress: {}", ZSTD_getErrorName(size)));
  bytes.resize(size);
  return bytes;
}

std::string decompress(const fs::path& path, std::string_view bytes) {
  const auto fail = [&](const char* why) {
    throw ArchiveError(fmt::format("{} is not what zstd wrote: {}", path.string(), why));
  };
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) fail("it has no size");
  std::string content(size, '\0');
  const std::size_t got =
      ZSTD_decompress(content.data(), content.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0) fail(ZSTD_getErrorName(got));
  content.resize(got);
  return content;
}

fs::path path_of(const std::string& directory, const std::string& file) {
  return fs::path(directory) / file;
}

fs::path manifest_of(const fs::path& data) {
  const std::string text = data.string();
  return text.substr(0, text.size() - data_end.size()) + std::string(manifest_end);
}

/// What is wrong with the bytes of a file; "" when they are those that were recorded.
std::string damage(const ArchiveFile& file, std::string_view bytes) {
  if (sha256_of(bytes) == file.sha256) return "";
  return fmt::format("{} was changed: {} bytes where {} were written, or others",
                     path_of(file.directory, file.file).string(), bytes.size(), file.bytes);
}

/// Nothing when there is none that can be read.
std::optional<Json> read_manifest(const fs::path& data) {
  std::error_code error;
  if (!fs::exists(manifest_of(data), error)) return std::nullopt;
  Json json = Json::parse(read_file(manifest_of(data)), nullptr, false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The file with the rows that a file of a run belongs to; nothing for what is no file of ours.
std::optional<std::string> data_name(const fs::path& path) {
  std::string name = path.filename().string();
  if (has_partial_name(path)) return name;
  if (name.ends_with(data_end)) return name;
  if (!name.ends_with(manifest_end)) return std::nullopt;
  return name.substr(0, name.size() - manifest_end.size()) + std::string(data_end);
}

bool is_run(const std::string& name) {
  constexpr std::size_t ulid_size = 26;
  return name.size() == ulid_size &&
         name.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos;
}

StrayFile stray(const std::string& directory, const std::string& file) {
  StrayFile stray{.directory = directory, .file = file, .target = "", .system_identifier = ""};
  if (const auto manifest = read_manifest(path_of(directory, file))) {
    stray.target = text_of(*manifest, "target");
    stray.system_identifier = text_of(*manifest, "system_identifier");
  }
  return stray;
}

}  // namespace

ArchiveFile FileArchive::write(const NewArchiveFile& file) {
  const std::string bytes = compress(file.content);
  const std::string name =
      fmt::format("{}-{}", file.name, sha256_of(file.content).substr(0, hash_digits_in_name));
  const ArchiveFile written{.directory = file.directory,
                            .file = fmt::format("{}/{}{}", file.run, name, data_end),
                            .sha256 = sha256_of(bytes),
                            .bytes = static_cast<std::int64_t>(bytes.size())};
  Json manifest = Json::parse(file.manifest);
  manifest["file"] = written.file;
  manifest["bytes"] = written.bytes;
  manifest["sha256"] = written.sha256;
  const fs::path data = path_of(written.directory, written.file);
  make_directory(data.parent_path());
  write_partial(data, bytes);
  write_partial(manifest_of(data), manifest.dump(2) + "\n");
  // The manifest first: whose a file is can then be told of every file that has its name.
  finish_partial({manifest_of(data), data});
  return written;
}

std::string FileArchive::read(const ArchiveFile& file) {
  const fs::path path = path_of(file.directory, file.file);
  const std::string bytes = read_file(path);
  if (const std::string why = damage(file, bytes); !why.empty()) throw ArchiveError(why);
  return decompress(path, bytes);
}

std::string FileArchive::problem(const ArchiveFile& file, std::int64_t rows) {
  const fs::path path = path_of(file.directory, file.file);
  try {
    if (std::string why = damage(file, read_file(path)); !why.empty()) return why;
    const auto manifest = read_manifest(path);
    if (!manifest)
      return fmt::format("{} is missing or cannot be read", manifest_of(path).string());
    const auto counted = manifest->find("rows");
    const bool agrees = counted != manifest->end() && *counted == rows &&
                        text_of(*manifest, "sha256") == file.sha256;
    if (!agrees)
      return fmt::format("{} is not of the file beside it: rows or sha256 differ from the target",
                         manifest_of(path).string());
    return "";
  } catch (const ArchiveError& error) {
    return error.what();
  }
}

std::vector<StrayFile> FileArchive::strays(
    const std::string& directory, const std::function<bool(const std::string& file)>& known) {
  std::vector<StrayFile> found;
  std::error_code error;
  if (!fs::exists(directory, error)) return found;
  try {
    for (const auto& run : fs::directory_iterator(directory)) {
      if (!run.is_directory() || !is_run(run.path().filename().string())) continue;
      for (const auto& entry : fs::directory_iterator(run.path())) {
        const auto name = data_name(entry.path());
        if (!name) continue;
        const std::string file = run.path().filename().string() + "/" + *name;
        const bool is_twin = entry.path().extension() == manifest_end &&
                             fs::exists(path_of(directory, file));  // met by itself
        if (is_twin || known(file)) continue;
        found.push_back(stray(directory, file));
        if (found.size() == strays_max) return found;
      }
    }
  } catch (const fs::filesystem_error& failure) {
    throw ArchiveError(fmt::format("cannot read {}: {}", directory, failure.code().message()));
  }
  return found;
}

void FileArchive::remove(const std::string& directory, const std::string& file) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    throw ArchiveError(
        fmt::format("{} is not here; run this on the machine of the workers that "
                    "write into it",
                    directory));
  const fs::path data = path_of(directory, file);
  for (const fs::path& path : {data, manifest_of(data)}) {
    fs::remove(path, error);
    if (error)
      throw ArchiveError(fmt::format("cannot remove {}: {}", path.string(), error.message()));
  }
  fs::remove(data.parent_path(), error);  // fails, as it should, while other files are in it
}

}  // namespace lethe::archive
