// TSBS cpu rows through a whole Sender: as fast as they are taken, one row a request, or into a backlog that
// no host takes. Prints one JSON object.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <questclient/questclient.hpp>

#include "tsbs.hpp"

namespace {

using questclient::Ack;
using questclient::Fsn;
using questclient::LineBuffer;
using questclient::Sender;
using Clock = std::chrono::steady_clock;

constexpr const char* kHelp = R"(Streams TSBS cpu rows through a Sender and prints one JSON object.

  bench_stream --conf CONF [--rows N] [--frame-rows N] [--threads N]
                                                         as fast as they are taken; ends when all is acknowledged
  bench_stream --conf CONF --requests N                  one row a request, each awaited
  bench_stream --conf CONF --backlog BYTES               flushes that much; nothing need be reachable
)";

struct Arguments {
  std::string conf;
  std::uint64_t rows = 1'000'000;
  std::uint64_t frame_rows = 2000;
  std::uint64_t threads = 1;
  std::uint64_t requests = 0;
  std::uint64_t backlog = 0;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    const auto number = [&](std::uint64_t& out) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
      if (error != std::errc{} || end != value.data() + value.size()) throw std::invalid_argument(kHelp);
    };
    if (name == "--conf") {
      arguments.conf = value;
    } else if (name == "--rows") {
      number(arguments.rows);
    } else if (name == "--frame-rows") {
      number(arguments.frame_rows);
    } else if (name == "--threads") {
      number(arguments.threads);
    } else if (name == "--requests") {
      number(arguments.requests);
    } else if (name == "--backlog") {
      number(arguments.backlog);
    } else {
      throw std::invalid_argument(kHelp);
    }
  }
  if (arguments.conf.empty() || arguments.frame_rows == 0 || arguments.threads == 0)
    throw std::invalid_argument(kHelp);
  return arguments;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

long peak_resident_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void await(const Sender& sender, Fsn fsn) {
  if (!sender.wait(fsn, Ack::committed, std::chrono::minutes(10)))
    throw std::runtime_error("not acknowledged in time");
}

/// The rows are generated beforehand, so that only the client is measured.
class Source {
 public:
  explicit Source(std::size_t count) : rows_(generator_.take(count)) {}
  void fill(LineBuffer& buffer, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      questclient::bench::write_cpu_row(buffer, names_, rows_[next_]);
      next_ = (next_ + 1) % rows_.size();
    }
  }

 private:
  questclient::bench::CpuRows generator_;
  questclient::bench::CpuNames names_;
  std::vector<questclient::bench::CpuRow> rows_;
  std::size_t next_ = 0;
};

/// One producer thread's share of the rows. Returns its last frame.
Fsn produce(Sender& sender, Source& source, std::uint64_t rows, std::uint64_t frame_rows) {
  LineBuffer buffer = sender.new_buffer();
  Fsn last = 0;
  for (std::uint64_t sent = 0; sent < rows; sent += frame_rows) {
    source.fill(buffer, frame_rows);
    last = sender.flush(buffer);
  }
  return last;
}

void stream(Sender& sender, const Arguments& arguments) {
  constexpr std::size_t kPrepared = 200'000;
  std::vector<std::unique_ptr<Source>> sources;
  for (std::uint64_t i = 0; i < arguments.threads; ++i)
    sources.push_back(std::make_unique<Source>(kPrepared / arguments.threads));
  std::vector<Fsn> last_frames(arguments.threads);
  std::vector<std::exception_ptr> failures(arguments.threads);
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> producers;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      producers.emplace_back([&, i] {
        try {
          last_frames[i] =
              produce(sender, *sources[i], arguments.rows / arguments.threads, arguments.frame_rows);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  const Fsn last = *std::max_element(last_frames.begin(), last_frames.end());
  const double flushed = seconds_since(begin);
  await(sender, last);
  const double acked = seconds_since(begin);
  const auto stats = sender.stats();
  std::printf(
      "{\"rows\": %llu, \"bytes\": %llu, \"requests\": %llu, \"flush_seconds\": %.3f, \"ack_seconds\": %.3f, "
      "\"rows_per_second\": %.0f, \"mb_per_second\": %.1f, \"peak_resident_kib\": %ld}\n",
      static_cast<unsigned long long>(stats.rows_flushed),
      static_cast<unsigned long long>(stats.bytes_flushed), static_cast<unsigned long long>(stats.requests),
      flushed, acked, static_cast<double>(stats.rows_flushed) / acked,
      static_cast<double>(stats.bytes_flushed) / acked / 1e6, peak_resident_kib());
}

void one_row_requests(Sender& sender, const Arguments& arguments) {
  Source source(4000);
  LineBuffer buffer = sender.new_buffer();
  const auto begin = Clock::now();
  for (std::uint64_t sent = 0; sent < arguments.requests; ++sent) {
    source.fill(buffer, 1);
    await(sender, sender.flush(buffer));
  }
  const double seconds = seconds_since(begin);
  std::printf("{\"requests\": %llu, \"seconds\": %.3f, \"requests_per_second\": %.0f}\n",
              static_cast<unsigned long long>(arguments.requests), seconds,
              static_cast<double>(arguments.requests) / seconds);
}

void backlog(Sender& sender, const Arguments& arguments) {
  Source source(200'000);
  LineBuffer buffer = sender.new_buffer();
  const long before = peak_resident_kib();
  const auto begin = Clock::now();
  std::uint64_t bytes = 0;
  while (bytes < arguments.backlog) {
    source.fill(buffer, arguments.frame_rows);
    bytes += buffer.size();
    sender.flush(buffer);
  }
  std::printf(
      "{\"backlog_bytes\": %llu, \"seconds\": %.3f, \"peak_resident_kib\": %ld, \"before_kib\": %ld}\n",
      static_cast<unsigned long long>(bytes), seconds_since(begin), peak_resident_kib(), before);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse(argc, argv);
    Sender sender = Sender::from_conf(arguments.conf);
    if (arguments.requests > 0) {
      one_row_requests(sender, arguments);
    } else if (arguments.backlog > 0) {
      backlog(sender, arguments);
    } else {
      stream(sender, arguments);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
