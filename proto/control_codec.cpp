#include "proto/control_codec.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <type_traits>

#include "common/policies/text_rules.hpp"
#include "proto/control_fields.hpp"
#include "proto/packing.hpp"
#include "proto/reading.hpp"

namespace lethe::wire {

namespace {

using packing::pack_text;
using packing::Packer;
using reading::for_each_entry;
using reading::Malformed;

/// Longest text of a field. Small enough that the largest message fits into a frame.
std::size_t bytes_max(std::string_view key) {
  if (key == "detail" || key == "why") return detail_bytes_max;
  return key == "instance" || key == "version" || key == "actor" ? text_bytes_max : id_bytes_max;
}

bool is_clean(std::string_view text) { return is_utf8(text) && !has_control_character(text); }

/// `text` as decode() takes it.
std::string sendable(std::string_view key, std::string_view text) {
  std::string cut(text.substr(0, bytes_max(key)));
  for (int i = 0; i < 3 && cut.size() < text.size() && !is_utf8(cut); ++i) cut.pop_back();
  return is_clean(cut) ? cut : "?";
}

/// Counts the fields of a message, which msgpack wants to know first.
struct Count {
  std::uint32_t fields = 0;
  template <class Value>
  void operator()(std::string_view, const Value&) {
    ++fields;
  }
};

/// Writes the fields of a message as a map.
class Writer {
 public:
  explicit Writer(Packer& packer) : packer_(packer) {}

  template <class Struct>
  void map(const Struct& value) {
    Struct copy = value;  // fields() serves reading, too, and so wants to change it
    Count count;
    fields(count, copy);
    packer_.pack_map(count.fields);
    fields(*this, copy);
  }

  void operator()(std::string_view key, const std::string& text) {
    pack_text(packer_, key, sendable(key, text));
  }
  void operator()(std::string_view key, std::uint64_t number) {
    pack_text(packer_, key);
    packer_.pack_uint64(std::min(number, number_max));
  }
  void operator()(std::string_view key, bool flag) {
    pack_text(packer_, key);
    packing::pack_flag(packer_, flag);
  }
  void operator()(std::string_view key, const std::vector<std::string>& texts) {
    pack_text(packer_, key);
    const std::size_t count = std::min(texts.size(), names_max);
    packer_.pack_array(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) pack_text(packer_, sendable(key, texts.at(i)));
  }
  void operator()(std::string_view key, const std::vector<TaskProgress>& tasks) {
    pack_text(packer_, key);
    const std::size_t count = std::min(tasks.size(), progress_max);
    packer_.pack_array(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) map(tasks.at(i));
  }
  void operator()(std::string_view key, const TaskProgress& task) {
    pack_text(packer_, key);
    map(task);
  }

 private:
  Packer& packer_;
};

std::string text_in(const msgpack::object& object, std::string_view key) {
  const std::string_view text = reading::text_of(object, key);
  if (text.size() > bytes_max(key))
    throw Malformed(fmt::format("{} must be at most {} bytes long", key, bytes_max(key)));
  if (!is_clean(text))
    throw Malformed(fmt::format("{} must be UTF-8 without control characters", key));
  return std::string(text);
}

const msgpack::object_array& array_in(const msgpack::object& object, std::string_view key,
                                      std::size_t entries_max) {
  if (object.type != msgpack::type::ARRAY || object.via.array.size > entries_max)
    throw Malformed(fmt::format("{} must be an array of at most {}", key, entries_max));
  return object.via.array;
}

/// Reads one entry of a map into the field of that name, if there is one.
class Reader {
 public:
  template <class Struct>
  static Struct map(const msgpack::object& object, std::string_view what) {
    Struct result;
    std::set<std::string_view> seen;
    for_each_entry(object, what, [&](std::string_view key, const msgpack::object& value) {
      if (!seen.insert(key).second) throw Malformed(fmt::format("{} has a key twice", what));
      Reader reader(key, value);
      fields(reader, result);
    });
    return result;
  }

  void operator()(std::string_view key, std::string& text) {
    if (key == key_) text = text_in(value_, key);
  }
  void operator()(std::string_view key, std::uint64_t& number) {
    if (key == key_) number = reading::number_of(value_, key, number_max);
  }
  void operator()(std::string_view key, bool& flag) {
    if (key == key_) flag = reading::flag_of(value_, key);
  }
  void operator()(std::string_view key, std::vector<std::string>& texts) {
    if (key != key_) return;
    const auto& array = array_in(value_, key, names_max);
    for (std::uint32_t i = 0; i < array.size; ++i) texts.push_back(text_in(array.ptr[i], key));
  }
  void operator()(std::string_view key, std::vector<TaskProgress>& tasks) {
    if (key != key_) return;
    const auto& array = array_in(value_, key, progress_max);
    for (std::uint32_t i = 0; i < array.size; ++i)
      tasks.push_back(map<TaskProgress>(array.ptr[i], key));
  }
  void operator()(std::string_view key, TaskProgress& task) {
    if (key == key_) task = map<TaskProgress>(value_, key);
  }

 private:
  Reader(std::string_view key, const msgpack::object& value) : key_(key), value_(value) {}
  std::string_view key_;
  const msgpack::object& value_;
};

/// The entries of an envelope, looked at before its body is.
struct Frame {
  Envelope envelope;
  std::optional<std::uint64_t> version;
  std::string type;
  const msgpack::object* body = nullptr;
};

Frame frame_of(const msgpack::object& object) {
  Frame frame;
  std::set<std::string_view> seen;
  for_each_entry(object, "a frame", [&](std::string_view key, const msgpack::object& value) {
    if (!seen.insert(key).second) throw Malformed("a frame has a key twice");
    if (key == "v") frame.version = reading::number_of(value, key, number_max);
    if (key == "t") frame.type = text_in(value, key);
    if (key == "id") frame.envelope.id = text_in(value, key);
    if (key == "re") frame.envelope.re = text_in(value, key);
    if (key == "s") frame.envelope.sequence = reading::number_of(value, key, number_max);
    if (key == "at_ms") frame.envelope.at_ms = reading::number_of(value, key, number_max);
    if (key == "b") frame.body = &value;
  });
  if (!frame.version) throw Malformed("v is missing");
  return frame;
}

/// Tries the alternatives of Message one after the other; false when none has that type.
template <std::size_t I = 0>
bool read_body(const Frame& frame, Message& message) {
  if constexpr (I == std::variant_size_v<Message>) {
    return false;
  } else {
    using One = std::variant_alternative_t<I, Message>;
    if (frame.type != One::type) return read_body<I + 1>(frame, message);
    if (frame.body == nullptr) throw Malformed("b is missing");
    message = Reader::map<One>(*frame.body, One::type);
    return true;
  }
}

using Decoded = std::variant<Envelope, DecodeError>;

Decoded decode_frame(std::string_view bytes) {
  const auto handle = reading::unpack_whole(bytes, {.bytes = frame_bytes_max});
  Frame frame = frame_of(handle.get());
  const std::string id = frame.envelope.id;
  if (*frame.version != protocol_version)
    return DecodeError{DecodeError::Kind::version, fmt::format("v must be {}", protocol_version),
                       id};
  try {
    if (read_body(frame, frame.envelope.message)) return std::move(frame.envelope);
  } catch (const Malformed& malformed) {
    return DecodeError{DecodeError::Kind::malformed, malformed.what(), id};
  }
  return DecodeError{DecodeError::Kind::unsupported, "t is no type that this version knows", id};
}

}  // namespace

std::string encode(const Envelope& envelope) {
  msgpack::sbuffer buffer;
  Packer packer(buffer);
  Writer writer(packer);
  packer.pack_map(7);
  writer("v", protocol_version);
  pack_text(packer, "t", type_of(envelope.message));
  writer("id", envelope.id);
  writer("re", envelope.re);
  writer("s", envelope.sequence);
  writer("at_ms", envelope.at_ms);
  pack_text(packer, "b");
  std::visit([&writer](const auto& message) { writer.map(message); }, envelope.message);
  return {buffer.data(), buffer.size()};
}

Decoded decode(std::string_view frame) noexcept {
  try {
    return decode_frame(frame);
  } catch (const std::exception& malformed) {
    return DecodeError{DecodeError::Kind::malformed, malformed.what(), ""};
  }
}

}  // namespace lethe::wire
