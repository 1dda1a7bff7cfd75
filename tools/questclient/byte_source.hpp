// Where the bytes of a file to send come from.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace questclient::tool {

/// What is wrong with the input, beginning with the place: "line 7, column 'price': ...".
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Somebody asked for the end, by Ctrl-C or SIGTERM.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// At most `size` bytes, as soon as there are any; 0: the end. Throws InputError.
  virtual std::size_t read(char* into, std::size_t size) = 0;
};

/// A file, or standard input for "-". When nothing comes for a while, `on_idle` is called, again and again.
class FileSource final : public ByteSource {
 public:
  /// Throws InputError when the file cannot be opened.
  explicit FileSource(const std::string& path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  void on_idle(std::function<void()> callback) { on_idle_ = std::move(callback); }
  /// While this descriptor is readable, read() throws Interrupted.
  void interrupt_by(int descriptor) { interruption_ = descriptor; }
  /// Throws Interrupted too.
  std::size_t read(char* into, std::size_t size) override;
  /// What is read next; of a regular file. Throws InputError.
  void seek(std::uint64_t offset);
  int descriptor() const { return descriptor_; }

 private:
  /// Is there something to read? Throws Interrupted.
  bool wait_for_bytes() const;

  std::string path_;
  int descriptor_ = -1;
  int interruption_ = -1;
  std::function<void()> on_idle_;
};

/// Text in memory; for tests.
class TextSource final : public ByteSource {
 public:
  /// `piece` bytes at a time.
  explicit TextSource(std::string text, std::size_t piece = SIZE_MAX)
      : text_(std::move(text)), piece_(piece) {}
  std::size_t read(char* into, std::size_t size) override;

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

/// Keeps what is read of another source, so that it can be read a second time, and then reads on.
class RewindingSource final : public ByteSource {
 public:
  explicit RewindingSource(ByteSource& source) : source_(source) {}
  std::size_t read(char* into, std::size_t size) override;
  /// Begins again; from now on nothing more is kept. Once.
  void rewind();
  /// What was kept is not read a second time; from now on nothing more is kept.
  void forget();
  std::size_t kept_bytes() const { return kept_.size(); }

 private:
  ByteSource& source_;
  std::string kept_;
  std::size_t at_ = 0;
  bool rewound_ = false;
};

}  // namespace questclient::tool
