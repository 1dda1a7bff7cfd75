// Follows a file of lines into QuestDB, each line exactly once, however often it is killed.
//
//   file_tail --conf 'http::addr=localhost:9000;sf_dir=/var/lib/quest;' --table log --file app.log
//   [--until-end]
//
// How: the offset behind the lines of a frame is committed in the same transaction as the frame. After a
// crash position() says where to read on; what the slot holds is sent by the sender itself.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <questclient/questclient.hpp>

namespace {

using namespace questclient;
using namespace std::chrono_literals;

struct Arguments {
  std::string conf, table, file;
  bool until_end = false;  // the file is complete: stop behind its last line instead of waiting for more
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--until-end") {
      arguments.until_end = true;
      continue;
    }
    std::string* value = option == "--conf"    ? &arguments.conf
                         : option == "--table" ? &arguments.table
                         : option == "--file"  ? &arguments.file
                                               : nullptr;
    if (value == nullptr || i + 1 == argc) {
      throw std::invalid_argument("what does " + std::string(option) + " mean?");
    }
    *value = argv[++i];
  }
  if (arguments.conf.empty() || arguments.table.empty() || arguments.file.empty()) {
    throw std::invalid_argument("usage: file_tail --conf CONF --table TABLE --file FILE [--until-end]");
  }
  return arguments;
}

/// Reads lines from an offset on.
class Lines {
 public:
  Lines(const std::string& path, std::int64_t offset) : file_(path, std::ios::binary), offset_(offset) {
    if (!file_) throw std::runtime_error("cannot read " + path);
  }
  /// False: there is none yet. A last line without an end is still being written, but `whole_file` takes it.
  bool next(std::string& line, bool whole_file) {
    file_.clear();
    file_.seekg(offset_);
    if (!std::getline(file_, line)) return false;
    const bool has_end = !file_.eof();
    if (!has_end && !whole_file) return false;
    offset_ += static_cast<std::int64_t>(line.size()) + (has_end ? 1 : 0);
    return true;
  }
  std::int64_t offset() const { return offset_; }

 private:
  std::ifstream file_;
  std::int64_t offset_;
};

/// SIGINT and SIGTERM, taken from a queue: true when one came before the time was over.
bool asked_to_stop(std::chrono::milliseconds wait) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const timespec time{wait.count() / 1000, wait.count() % 1000 * 1000000};
  return sigtimedwait(&signals, nullptr, &time) > 0;
}

int run(const Arguments& arguments) {
  constexpr std::size_t kLinesOfAFrame = 500;
  auto options = Options::from_conf(arguments.conf);
  options.auto_flush = false;
  Sender sender(options);
  const auto position = sender.position();
  Lines lines(arguments.file, position ? std::stoll(position->token) : 0);
  const auto row = sender.row(arguments.table, {}, {"offset", "line"});

  LineBuffer rows = sender.new_buffer();
  std::string line;
  for (bool stop = false; !stop;) {
    while (rows.rows() < kLinesOfAFrame) {
      const std::int64_t offset = lines.offset();
      if (!lines.next(line, arguments.until_end)) break;
      rows.add(row, offset, line, TimestampNanos::now());
    }
    const bool at_end = rows.rows() < kLinesOfAFrame;
    if (!rows.empty()) sender.flush(rows, {std::to_string(lines.offset())});
    stop = asked_to_stop(at_end ? 100ms : 0ms) || (at_end && arguments.until_end);
  }
  sender.close();
  const auto waiting = sender.stats().slot_rows;
  if (waiting > 0) std::cerr << waiting << " lines wait in the slot for the next start\n";
  return waiting == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "file_tail: " << error.what() << "\n";
    return 2;
  }
}
