// Every field of Stats, once: what JSON and Prometheus have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include <questclient/stats.hpp>

namespace questclient::sender {

struct NumberField {
  const char* name;
  std::uint64_t Stats::*value;
  bool is_counter;
  const char* help;
};
struct DurationField {
  const char* name;
  std::chrono::nanoseconds Stats::*value;
  bool is_counter;
  const char* help;
};
struct LatencyField {
  const char* name;
  LatencyStats Stats::*value;
  const char* help;
};
struct TextField {
  const char* name;
  std::string Stats::*value;
};

std::span<const NumberField> number_fields();
std::span<const DurationField> duration_fields();
std::span<const LatencyField> latency_fields();
std::span<const TextField> text_fields();

}  // namespace questclient::sender
