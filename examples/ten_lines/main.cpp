// Rows into QuestDB in ten lines.
#include <questclient/questclient.hpp>

int main() {
  using namespace std::chrono_literals;
  auto sender = questclient::Sender::from_conf("http::addr=localhost:9000;sf_dir=/tmp/quest;");
  sender.table("trades")
      .symbol("symbol", "ETH-USD")
      .column("price", 2615.54)
      .at(questclient::TimestampNanos::now());
  const auto fsn = sender.flush();  // on this machine's disk: the row survives this process
  return sender.wait(fsn, questclient::Ack::committed, 10s) ? 0 : 1;  // on the server
}
