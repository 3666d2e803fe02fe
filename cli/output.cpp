#include "cli/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "cli/text.hpp"

namespace lethe::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* json = std::get_if<JsonText>(&value); json != nullptr && !json->text.empty())
    return Json::parse(json->text);
  return nullptr;
}

Json to_json(const Record& record) {
  Json object = Json::object();
  for (const Field& field : record) object[field.name] = to_json(field.value);
  return object;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string number_for_people(std::int64_t number, Show show) {
  if (show == Show::count) return grouped(number);
  if (show == Show::bytes) return bytes_text(number);
  return fmt::format("{}", number);
}

/// A list of texts with commas in between; anything else as it is.
std::string for_people(const JsonText& json) {
  const Json list = Json::parse(json.text, nullptr, false);
  const bool is_texts =
      list.is_array() && !list.empty() &&
      std::all_of(list.begin(), list.end(), [](const Json& item) { return item.is_string(); });
  if (!is_texts) return json.text;
  return fmt::format("{}", fmt::join(list.get<std::vector<std::string>>(), ","));
}

std::string for_people(const Field& field) {
  const Value& value = field.value;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return number_for_people(*number, field.show);
  if (const auto* text = std::get_if<std::string>(&value))
    return one_line(field.show == Show::instant ? instant_text(*text) : *text);
  if (const auto* json = std::get_if<JsonText>(&value)) return one_line(for_people(*json));
  return "-";
}

const Field* find_field(const Record& record, const std::string& name) {
  const auto found = std::find_if(record.begin(), record.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == record.end() ? nullptr : &*found;
}

struct Column {
  std::vector<std::string> cells;  ///< the title first
  bool is_number = false;
  std::size_t width = 0;
};

Column make_column(const std::vector<Record>& records, const std::string& name) {
  Column column;
  std::string title = name;
  std::transform(title.begin(), title.end(), title.begin(), [](char c) {
    return c == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  column.cells.push_back(std::move(title));
  for (const Record& record : records) {
    const Field* field = find_field(record, name);
    column.cells.push_back(field == nullptr ? "-" : for_people(*field));
    if (field != nullptr && std::holds_alternative<std::int64_t>(field->value))
      column.is_number = true;
  }
  for (const std::string& cell : column.cells)
    column.width = std::max(column.width, display_width(cell));
  return column;
}

}  // namespace

Value or_null(const std::string& text) {
  if (text.empty()) return std::monostate{};
  return text;
}

Value or_null(const std::optional<std::int64_t>& number) {
  if (!number) return std::monostate{};
  return *number;
}

JsonText nested(const std::vector<Record>& records) {
  Json array = Json::array();
  for (const Record& record : records) array.push_back(to_json(record));
  return {dumped(array)};
}

JsonText nested(const std::vector<std::string>& texts) { return {dumped(Json(texts))}; }

std::string render_json(const std::vector<Record>& records) {
  if (records.empty()) return "[]\n";
  std::string result = "[\n";
  for (const Record& record : records) {
    result += "  " + dumped(to_json(record));
    result += &record == &records.back() ? "\n" : ",\n";
  }
  return result + "]\n";
}

std::string render_table(const std::vector<Record>& records,
                         const std::vector<std::string>& columns) {
  std::vector<Column> rendered;
  rendered.reserve(columns.size());
  for (const std::string& name : columns) rendered.push_back(make_column(records, name));
  std::string result;
  for (std::size_t row = 0; row <= records.size(); ++row) {
    std::string line;
    for (const Column& column : rendered) {
      const std::string& cell = column.cells[row];
      const std::string padding(column.width - display_width(cell), ' ');
      if (!line.empty()) line += "  ";
      line += column.is_number ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result;
}

std::string render_card(const Record& record) {
  std::size_t width = 0;
  for (const Field& field : record) width = std::max(width, field.name.size());
  std::string result;
  for (const Field& field : record)
    result += fmt::format("{:<{}}  {}\n", field.name, width, for_people(field));
  return result;
}

void Output::list(const std::vector<Record>& records, const std::vector<std::string>& columns,
                  const std::string& none) {
  if (is_json()) {
    out_ << render_json(records);
  } else {
    out_ << (records.empty() ? none + "\n" : render_table(records, columns));
  }
}

void Output::card(const Record& record) {
  out_ << (is_json() ? render_json({record}) : render_card(record));
}

void Output::result(const Record& record, const std::string& sentence) {
  out_ << (is_json() ? render_json({record}) : one_line(sentence) + "\n");
}

void Output::text(const std::string& text) { out_ << text; }

}  // namespace lethe::cli
