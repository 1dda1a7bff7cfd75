// What /proc says about this machine, as rows of five tables: cpu, memory, disk, network, process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <questclient/line_buffer.hpp>

/// Rates need two samples: in the first one they are 0.
class Sampler {
 public:
  Sampler();

  /// Adds a row for each CPU, disk, network interface and busy process, and one for the memory. Every row of
  /// a sample carries the same time; `serial` tells samples apart that are taken within one tick of the
  /// kernel.
  void sample(questclient::LineBuffer& rows);

 private:
  /// How much a counter of the kernel has grown a second since it was last looked at.
  double rate(const std::string& counter, std::uint64_t value);

  void sample_cpus(questclient::LineBuffer& rows);
  void sample_memory(questclient::LineBuffer& rows);
  void sample_disks(questclient::LineBuffer& rows);
  void sample_network(questclient::LineBuffer& rows);
  void sample_processes(questclient::LineBuffer& rows);

  std::string host_;
  questclient::TimestampMicros time_{};
  double seconds_ = 0;  // since the sample before
  std::map<std::string, std::uint64_t> counters_;
};
