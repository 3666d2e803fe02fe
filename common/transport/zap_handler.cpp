#include "common/transport/zap_handler.hpp"

#include <array>
#include <vector>

#include "common/logging.hpp"
#include "common/transport/sockets.hpp"

namespace lethe::transport {

namespace {

constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t z85_bytes = 41;  // with the 0 at its end

// Parts of a question.
constexpr std::size_t request_id = 1;
constexpr std::size_t domain = 2;
constexpr std::size_t address = 3;
constexpr std::size_t mechanism = 5;
constexpr std::size_t credentials = 6;
constexpr std::size_t parts_max = 16;

std::string z85_of(const zmq::message_t& key) {
  if (key.size() != key_bytes) return "";
  std::array<char, z85_bytes> text{};
  if (zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(key.data()), key.size()) ==
      nullptr)
    return "";
  return text.data();
}

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context) : socket_(context, zmq::socket_type::rep) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind(zap_endpoint);
}

std::optional<std::string> ZapHandler::judge(const std::vector<zmq::message_t>& question) const {
  const auto gate = gate_from(question.at(domain).to_string_view());
  if (!gate || gates_.count(*gate) == 0) return std::nullopt;
  const std::string key = question.size() > credentials ? z85_of(question.at(credentials)) : "";
  return admit(
      {.gate = *gate, .mechanism = question.at(mechanism).to_string_view(), .public_key = key},
      gates_.at(*gate), keys_);
}

void ZapHandler::answer() {
  for (auto question = receive_now(socket_, parts_max); !question.empty();
       question = receive_now(socket_, parts_max)) {
    const bool is_whole = question.size() > mechanism;
    const auto user = is_whole ? judge(question) : std::nullopt;
    const std::string id = question.size() > request_id ? text_of(question.at(request_id)) : "";
    if (!user)
      log_event(LogLevel::warn, "connection_refused",
                {{"gate", is_whole ? question.at(domain).to_string_view() : ""},
                 {"address", is_whole ? question.at(address).to_string_view() : ""},
                 {"mechanism", is_whole ? question.at(mechanism).to_string_view() : ""}});
    const std::array<std::string, 6> reply{
        "1.0", id, user ? "200" : "400", user ? "OK" : "not allowed", user.value_or(""), ""};
    for (std::size_t i = 0; i < reply.size(); ++i)
      socket_.send(zmq::buffer(reply.at(i)),
                   i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
}

}  // namespace lethe::transport
