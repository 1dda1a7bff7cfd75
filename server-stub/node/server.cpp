#include "node/server.hpp"

#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/uuid.hpp"

namespace questnode::node {
namespace {

front::HttpServerOptions front_options(const Config& config,
                                       const std::shared_ptr<base::ByteBudget>& memory) {
  front::HttpServerOptions options;
  options.address = config.http_address;
  options.port = config.http_port;
  options.threads = config.http_threads;
  options.max_connections = config.max_connections;
  options.max_header_bytes = config.max_header_bytes;
  options.max_body_bytes = config.max_body_bytes;
  options.memory = memory;
  const TlsFiles tls = tls_of(config, config.http_tls);
  options.tls_certificate = tls.certificate;
  options.tls_private_key = tls.private_key;
  return options;
}

bool any_address(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

}  // namespace

void Gate::handle(front::Request request, std::function<void(front::Response)> reply) {
  if (front::Handler* const handler = handler_) return handler->handle(std::move(request), std::move(reply));
  reply(json_error(503, "retry operation", "this node has just started and is still recovering"));
}

Server::Server(Config config, const std::filesystem::path& root,
               std::function<void(const std::string&)> failed)
    : config_(std::move(config)),
      layout_{root},
      memory_(std::make_shared<base::ByteBudget>(config_.max_buffered_bytes)) {
  std::filesystem::create_directories(root);
  lock_ = std::make_unique<RootLock>(layout_);
  std::filesystem::remove(layout_.ready());
  open_store();
  http_ = std::make_unique<front::HttpServer>(front_options(config_, memory_), gate_);
  address_ = config_.http_address + ":" + std::to_string(http_->port());
  std::string advertised = config_.advertised_address;
  if (advertised.empty()) {
    advertised = address_;
    if (any_address(config_.http_address)) {
      advertised = "127.0.0.1:" + std::to_string(http_->port());
      spdlog::warn("clients on other machines cannot reach {}: set questnode.advertised.address", advertised);
    }
  }
  node_ = std::make_unique<Node>(
      config_, layout_, NodeParts{clock_, random_, store_.get(), advertised, std::move(failed), memory_});
  api_ = std::make_unique<Api>(*node_, config_);
  gate_.open(*api_);
  start_line_server();
  nlohmann::ordered_json ready = {{"pid", getpid()}, {"address", address_}, {"name", config_.name}};
  if (line_server_) ready["line_tcp"] = line_address_;
  base::replace_file(layout_.ready(), ready.dump() + "\n");
}

Server::~Server() {
  std::error_code ignored;
  std::filesystem::remove(layout_.ready(), ignored);
  http_.reset();  // No request comes any more; replies that the node still gives go nowhere.
  line_server_.reset();
  api_.reset();
}

void Server::start_line_server() {
  if (!config_.line_tcp || config_.read_only) return;
  std::optional<LineKeys> keys;
  if (!config_.line_auth_file.empty()) {
    const auto text = base::read_file(config_.line_auth_file);
    if (!text) throw std::runtime_error("line.tcp.auth.db.path: there is no file " + config_.line_auth_file);
    keys = LineKeys::parse(*text);
  }
  line_writer_ =
      std::make_unique<LineWriter>(*node_, random_, std::move(keys), config_.line_max_buffer_bytes, memory_);
  front::LineServerOptions options;
  options.address = config_.line_address;
  options.port = config_.line_port;
  options.max_connections = config_.line_max_connections;
  const TlsFiles tls = tls_of(config_, config_.line_tls);
  options.tls_certificate = tls.certificate;
  options.tls_private_key = tls.private_key;
  line_server_ = std::make_unique<front::LineServer>(options, *line_writer_);
  line_address_ = config_.line_address + ":" + std::to_string(line_server_->port());
}

void Server::open_store() {
  if (config_.role == ConfiguredRole::none) return;
  store_ = object_store::open_object_store(config_.object_store);
  try {
    object_store::require_put_if_absent(*store_, config_.name, base::Uuid::random(random_).to_string());
  } catch (const std::exception& error) {
    throw std::runtime_error(store_->describe() + " cannot be the cluster's store: " + error.what());
  }
}

}  // namespace questnode::node
