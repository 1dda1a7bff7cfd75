#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <questclient/log.hpp>

namespace questclient {

namespace {

std::atomic<LogLevel> g_level{LogLevel::warning};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::warn;
}

LogSink standard_error() {
  // Its own logger, not in spdlog's registry: the application may have one of the same name.
  auto logger =
      std::make_shared<spdlog::logger>("questclient", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::debug);
  return [logger](LogLevel level, std::string_view line) {
    logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
    logger->flush();
  };
}

struct Seam {
  std::mutex sink_mutex;  // of `sink`; never held while a line is written
  std::shared_ptr<const LogSink> sink;
  std::mutex writing;  // lines are written one at a time
};

/// Never destroyed: a line may be written while the process ends.
Seam& seam() {
  static Seam& instance = *new Seam;
  return instance;
}

std::shared_ptr<const LogSink> current_sink() {
  const std::lock_guard lock(seam().sink_mutex);
  if (!seam().sink) seam().sink = std::make_shared<const LogSink>(standard_error());
  return seam().sink;
}

thread_local bool t_is_writing = false;

}  // namespace

void set_log_sink(LogSink sink) {
  std::shared_ptr<const LogSink> made;
  if (sink) made = std::make_shared<const LogSink>(std::move(sink));
  const std::lock_guard lock(seam().sink_mutex);
  seam().sink.swap(made);
}

void set_log_level(LogLevel level) {
  g_level.store(level, std::memory_order_relaxed);
}

LogLevel log_level() noexcept {
  return g_level.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view line) noexcept {
  // A sink that makes the library log again would wait for itself: that line is left out.
  if (level < log_level() || level == LogLevel::off || t_is_writing) return;
  t_is_writing = true;
  try {
    const auto sink = current_sink();
    const std::lock_guard lock(seam().writing);
    (*sink)(level, line);
  } catch (...) {
    // There is nowhere left to tell it.
  }
  t_is_writing = false;
}

}  // namespace questclient
