// Real nodes in one process: files in a temporary folder, no HTTP.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "node/node.hpp"
#include "support/temporary_directory.hpp"

namespace questnode::node {

inline constexpr std::chrono::seconds kPatience{20};

/// What a call that answers later has answered.
template <class T>
class Answer {
 public:
  std::function<void(T)> callback() {
    return [held = promise_](T value) { held->set_value(std::move(value)); };
  }
  T get() {
    auto future = promise_->get_future();
    if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("no answer came");
    return future.get();
  }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
};

class NodeTest : public ::testing::Test {
 protected:
  std::unique_ptr<Node> open(const std::string& name, ConfiguredRole role = ConfiguredRole::none) {
    Config config = config_;
    config.name = name;
    config.role = role;
    config.poll_interval = std::chrono::milliseconds(5);
    const RootLayout layout{directory_.path() / name};
    std::filesystem::create_directories(layout.root);
    if (role != ConfiguredRole::none && !store_) {
      const std::string folder = (directory_.path() / "store").string();
      std::filesystem::create_directories(folder + "/objects");
      std::filesystem::create_directories(folder + "/scratch");
      store_ = object_store::open_object_store("fs::root=" + folder + "/objects;atomic_write_dir=" + folder +
                                               "/scratch;");
    }
    return std::make_unique<Node>(config, layout,
                                  NodeParts{clock_, random_, store_.get(), name + ".test:9000", {}});
  }

  static WriteAnswer write(Node& node, std::string body, std::optional<engine::Delivery> delivery = {}) {
    Answer<WriteAnswer> answer;
    node.write({.body = std::move(body), .precision = ilp::Precision::nanos, .delivery = std::move(delivery)},
               answer.callback());
    return answer.get();
  }
  static bool await_applied(Node& node, std::uint64_t number) {
    Answer<bool> answer;
    node.when_applied(number, kPatience, answer.callback());
    return answer.get();
  }
  static bool promote(Node& node) {
    Answer<bool> answer;
    node.promote(kPatience, answer.callback());
    return answer.get();
  }
  static StreamStatus stream_status(Node& node, const base::Uuid& stream,
                                    std::optional<base::StreamPosition> after = {}) {
    Answer<StreamStatus> answer;
    node.stream_status(stream, after,
                       after ? std::chrono::milliseconds(kPatience) : std::chrono::milliseconds(0),
                       answer.callback());
    return answer.get();
  }
  /// `frame` whole, with `rows` rows in `body`.
  engine::Delivery frame(base::Fsn fsn, std::uint32_t rows, const std::string& body) const {
    return {{stream_, 1}, {{fsn, 0, rows, body.size(), true}}, std::nullopt};
  }
  static nlohmann::json dataset(const Node& node, const std::string& sql) {
    const engine::SqlAnswer answer = node.select(sql);
    EXPECT_EQ(answer.status, 200) << answer.json;
    return nlohmann::json::parse(answer.json).value("dataset", nlohmann::json());
  }

  questclient::test::TemporaryDirectory directory_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  base::Uuid stream_ = base::Uuid::random(random_);
  Config config_;
  std::unique_ptr<object_store::ObjectStore> store_;
};

}  // namespace questnode::node
