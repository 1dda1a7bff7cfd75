#include "sampler.hpp"

#include <array>
#include <cctype>
#include <dirent.h>
#include <fstream>
#include <memory>
#include <sstream>
#include <unistd.h>

using questclient::LineBuffer;
using questclient::TimestampMicros;

namespace {

constexpr std::uint64_t kSectorBytes = 512;  // the unit of /proc/diskstats, whatever the disk
constexpr int kMaxProcesses = 64;

}  // namespace

Sampler::Sampler() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  host_ = name.data();
}

double Sampler::rate(const std::string& counter, std::uint64_t value) {
  const auto [at, first] = counters_.try_emplace(counter, value);
  const std::uint64_t before = at->second;
  at->second = value;
  return first || value < before || seconds_ <= 0 ? 0 : static_cast<double>(value - before) / seconds_;
}

void Sampler::sample(LineBuffer& rows) {
  const TimestampMicros now = TimestampMicros::now();
  seconds_ = time_.value == 0 ? 0 : static_cast<double>(now.value - time_.value) / 1e9;
  time_ = now;
  sample_cpus(rows);
  sample_memory(rows);
  sample_disks(rows);
  sample_network(rows);
  sample_processes(rows);
}

void Sampler::sample_cpus(LineBuffer& rows) {
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");) {
    std::istringstream words(line);
    std::string cpu;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0;
    words >> cpu >> user >> nice >> system >> idle >> iowait;
    if (cpu == "cpu") continue;  // the sum of all
    const auto share = [&](const char* what, std::uint64_t ticks) {
      return rate(cpu + what, ticks) / ticks_per_second;
    };
    rows.table("cpu")
        .symbol("host", host_)
        .symbol("cpu", cpu)
        .column("user", share(" user", user + nice))
        .column("system", share(" system", system))
        .column("idle", share(" idle", idle))
        .column("iowait", share(" iowait", iowait))
        .at(time_);
  }
}

void Sampler::sample_memory(LineBuffer& rows) {
  std::map<std::string, std::uint64_t> kib;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name >> kib[name];
  }
  rows.table("memory")
      .symbol("host", host_)
      .column("total", kib["MemTotal:"] * 1024)
      .column("available", kib["MemAvailable:"] * 1024)
      .column("cached", kib["Cached:"] * 1024)
      .column("dirty", kib["Dirty:"] * 1024)
      .at(time_);
}

void Sampler::sample_disks(LineBuffer& rows) {
  std::ifstream file("/proc/diskstats");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string major, minor, disk;
    std::uint64_t reads = 0, merged = 0, sectors_read = 0, millis = 0, writes = 0, sectors_written = 0;
    words >> major >> minor >> disk >> reads >> merged >> sectors_read >> millis >> writes >> merged >>
        sectors_written;
    if (reads == 0 && writes == 0) continue;
    rows.table("disk")
        .symbol("host", host_)
        .symbol("disk", disk)
        .column("reads_per_second", rate(disk + " reads", reads))
        .column("writes_per_second", rate(disk + " writes", writes))
        .column("bytes_read", sectors_read * kSectorBytes)
        .column("bytes_written", sectors_written * kSectorBytes)
        .at(time_);
  }
}

void Sampler::sample_network(LineBuffer& rows) {
  std::ifstream file("/proc/net/dev");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;  // the two lines of headings
    std::string name = line.substr(0, colon);
    name.erase(0, name.find_first_not_of(' '));
    std::istringstream words(line.substr(colon + 1));
    std::array<std::uint64_t, 10> numbers{};
    for (auto& number : numbers) words >> number;
    rows.table("network")
        .symbol("host", host_)
        .symbol("interface", name)
        .column("bytes_received", numbers[0])
        .column("bytes_sent", numbers[8])
        .column("received_per_second", rate(name + " received", numbers[0]))
        .column("sent_per_second", rate(name + " sent", numbers[8]))
        .at(time_);
  }
}

void Sampler::sample_processes(LineBuffer& rows) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), closedir);
  int count = 0;
  while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0 || count == kMaxProcesses) continue;
    std::string line;
    std::getline(std::ifstream("/proc/" + std::string(entry->d_name) + "/stat"), line);
    // The name stands in brackets and may hold anything, brackets too.
    const std::size_t open = line.find('('), close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;  // it has ended meanwhile
    std::istringstream words(line.substr(close + 1));
    std::string state, skipped;
    std::uint64_t user = 0, system = 0, threads = 0, size = 0, pages = 0;
    words >> state;
    for (int i = 0; i < 10; ++i) words >> skipped;
    words >> user >> system >> skipped >> skipped >> skipped >> skipped >> threads >> skipped >> skipped >>
        size >> pages;
    rows.table("process")
        .symbol("host", host_)
        .symbol("state", state)
        .column("pid", std::stoll(entry->d_name))
        .column("name", line.substr(open + 1, close - open - 1))
        .column("cpu_ticks", user + system)
        .column("threads", threads)
        .column("resident_bytes", pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)))
        .at(time_);
    ++count;
  }
}
