// A standalone server on loopback, configured like a server.conf, and requests to it byte by byte.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "node/server.hpp"
#include "support/temporary_directory.hpp"
#include "unit/front/raw_client.hpp"

namespace questnode::node {

class AnswersTest : public ::testing::Test {
 protected:
  void start(const std::string& conf = {}) {
    const std::string all = "http.bind.to=127.0.0.1:0\nline.tcp.net.bind.to=127.0.0.1:0\n" + conf;
    server_ =
        std::make_unique<Server>(load_config({.server_conf = all, .environment = {}, .settings = {}}).config,
                                 directory_.path() / "root", nullptr);
  }
  static std::uint16_t port_of(const std::string& address) { return parse_address(address).value().second; }

  std::string ask(const std::string& method, const std::string& target, const std::string& headers = {},
                  const std::string& body = {}) const {
    test::RawClient client(port_of(server_->address()));
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers);
    if (method != "GET") client.send("Content-Length: " + std::to_string(body.size()) + "\r\n");
    client.send("\r\n" + body);
    return client.read_to_end();
  }
  std::string write(const std::string& body, const std::string& headers = {}) const {
    return ask("POST", "/write", headers, body);
  }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  /// The JSON of an answer, chunked or not.
  static nlohmann::json json_of(const std::string& answer) {
    const std::size_t begin = answer.find('{', answer.find("\r\n\r\n"));
    return nlohmann::json::parse(answer.substr(begin, answer.rfind('}') + 1 - begin));
  }
  nlohmann::json rows(const std::string& table) const {
    return json_of(ask("GET", "/exec?query=SELECT+*+FROM+" + table)).value("dataset", nlohmann::json());
  }
  /// Rows are there a moment after they were sent: waits until there are so many, at most 20 s.
  nlohmann::json await_rows(const std::string& table, std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    nlohmann::json found = rows(table);
    while (found.size() < count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      found = rows(table);
    }
    return found;
  }
  /// The answer is a chunked JSON error as QuestDB's.
  static void expect_error(const std::string& answer, const std::string& status, const std::string& code,
                           const std::string& message_end, int line = 0) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status + " ")) << answer;
    EXPECT_NE(answer.find("\r\nContent-Type: application/json; charset=utf-8\r\n"), std::string::npos)
        << answer;
    EXPECT_NE(answer.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << answer;
    const nlohmann::json document = json_of(answer);
    EXPECT_EQ(document.at("code"), code);
    EXPECT_TRUE(document.at("message").get<std::string>().ends_with(message_end)) << document;
    EXPECT_EQ(document.value("line", 0), line);
    EXPECT_FALSE(document.at("errorId").get<std::string>().empty());
  }
  static void expect_text(const std::string& answer, const std::string& status, const std::string& text) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status + " ")) << answer;
    EXPECT_NE(answer.find("\r\nContent-Type: text/plain; charset=utf-8\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << answer;
    EXPECT_NE(body_of(answer).find("\r\n" + text + "\r\n\r\n0\r\n\r\n"), std::string::npos) << answer;
  }

  questclient::test::TemporaryDirectory directory_;
  std::unique_ptr<Server> server_;
};

}  // namespace questnode::node
