// The small objects: claims and FORMAT. JSON, because people look at them when something went wrong.
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "replication/record.hpp"

namespace questnode::replication {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBytes = 16 << 10;
constexpr std::uint64_t kClaimVersion = 1;

std::string seal_fields(Json fields) {
  fields["version"] = kClaimVersion;
  try {
    fields["sha256"] = base::hex(base::sha256(fields.dump()));
    return fields.dump(2) + "\n";
  } catch (const Json::exception&) {
    throw std::runtime_error("a node's name and address must be UTF-8");
  }
}

Json checked_fields(std::string_view bytes, const std::string& what) {
  if (bytes.size() > kMaxBytes) throw std::runtime_error(what + " is damaged: it is too long");
  Json fields = Json::parse(bytes, nullptr, false);
  if (!fields.is_object()) throw std::runtime_error(what + " is damaged: no JSON object");
  for (const auto& [name, value] : fields.items()) {
    if (!value.is_primitive()) throw std::runtime_error(what + " is damaged: field " + name);
  }
  const Json hash = fields.value("sha256", Json());
  fields.erase("sha256");
  if (hash != base::hex(base::sha256(fields.dump()))) throw std::runtime_error(what + " is damaged: SHA-256");
  const auto version = fields.at("version").get<std::uint64_t>();
  if (version != kClaimVersion) {
    throw std::runtime_error(what + " has format version " + std::to_string(version) + ", this node reads " +
                             std::to_string(kClaimVersion) + ": upgrade it");
  }
  return fields;
}

base::Uuid uuid_field(const Json& fields, const char* name) {
  const auto id = base::Uuid::parse(fields.at(name).get<std::string>());
  if (!id) throw std::runtime_error(std::string("field ") + name + " is not a uuid");
  return *id;
}

}  // namespace

std::string claim_key(std::uint64_t epoch) {
  return "ctl/" + std::to_string(epoch);
}

std::string encode_claim(const Claim& claim) {
  return seal_fields({{"cluster", claim.cluster.to_string()},
                      {"epoch", claim.epoch},
                      {"nonce", claim.nonce.to_string()},
                      {"node", claim.node},
                      {"address", claim.address}});
}

Claim decode_claim(std::string_view bytes) {
  try {
    const Json fields = checked_fields(bytes, "the claim");
    return {.cluster = uuid_field(fields, "cluster"),
            .epoch = fields.at("epoch").get<std::uint64_t>(),
            .nonce = uuid_field(fields, "nonce"),
            .node = fields.at("node").get<std::string>(),
            .address = fields.at("address").get<std::string>()};
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("the claim is damaged: ") + error.what());
  }
}

std::string encode_format(const base::Uuid& cluster) {
  return seal_fields({{"cluster", cluster.to_string()}, {"what", "questclient object store"}});
}

base::Uuid decode_format(std::string_view bytes) {
  try {
    return uuid_field(checked_fields(bytes, kFormatKey), "cluster");
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("FORMAT is damaged: ") + error.what());
  }
}

}  // namespace questnode::replication
