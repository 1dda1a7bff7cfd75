// Appends and syncs of the node's WAL beside raw write(2) and fdatasync(2) of the same bytes.
#include "engine/wal.hpp"

#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "base/file.hpp"
#include "engine/entry.hpp"

namespace {

using namespace questnode::engine;
namespace base = questclient::base;

std::filesystem::path fresh_directory() {
  auto directory = std::filesystem::temp_directory_path() / ("bench-wal-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

/// The WAL takes the bytes as they are: what is in them does not matter here.
std::string entry_of(benchmark::State& state) {
  return std::string(static_cast<std::size_t>(state.range(0)), 'x');
}

/// The files stay below this, so that every run meets the same page cache.
constexpr std::uint64_t kKeptBytes = 256U << 20;

void wal_append(benchmark::State& state) {
  const auto directory = fresh_directory();
  const std::string entry = entry_of(state);
  {
    auto wal = Wal::open({.directory = directory});
    const std::uint64_t kept = kKeptBytes / entry.size();
    std::uint64_t number = 0;
    for (auto _ : state) {
      wal->append(++number, entry);
      if (state.range(1) != 0) wal->sync();
      if (number % kept == 0) {
        state.PauseTiming();
        wal->purge_through(number);
        state.ResumeTiming();
      }
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
  std::filesystem::remove_all(directory);
}

void raw_write(benchmark::State& state) {
  const auto directory = fresh_directory();
  const std::string entry = entry_of(state);
  base::File file(directory / "raw", O_WRONLY | O_CREAT | O_APPEND);
  std::uint64_t written = 0;
  for (auto _ : state) {
    file.write_all(entry);
    if (state.range(1) != 0) file.sync_data();
    if ((written += entry.size()) < kKeptBytes) continue;
    state.PauseTiming();
    file.truncate(0);
    written = 0;
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
  std::filesystem::remove_all(directory);
}

/// Arguments: bytes an entry, whether each is synced.
void sizes(benchmark::internal::Benchmark* each) {
  each->Args({256, 0})->Args({65'536, 0})->Args({1 << 20, 0})->Args({65'536, 1})->UseRealTime();
}
BENCHMARK(wal_append)->Apply(sizes);
BENCHMARK(raw_write)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
