#include "json_text.hpp"

#include <iostream>

#include <nlohmann/json.hpp>

namespace questclient::tool {

void print_json(const Json& json) {
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
}

std::string on_one_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace questclient::tool
