// java Compare.java CONF ROWS_FILE ROWS BATCH push|encode: see bench/compare/README.md.

import io.questdb.client.Sender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.List;

public final class Compare {
  private static final int TAGS = 10;
  private static final int FIELDS = 10;

  private record Row(String[] tags, long[] fields, long timestamp) {}

  private static Row parse(String line) {
    String[] values = line.split("\t", -1);
    String[] tags = new String[TAGS];
    long[] fields = new long[FIELDS];
    for (int i = 0; i < TAGS; i++) tags[i] = values[i];
    for (int i = 0; i < FIELDS; i++) fields[i] = Long.parseLong(values[TAGS + i]);
    return new Row(tags, fields, Long.parseLong(values[TAGS + FIELDS]));
  }

  private static void put(Sender sender, String[] names, Row row) {
    sender.table("cpu");
    for (int i = 0; i < TAGS; i++) sender.symbol(names[i], row.tags[i]);
    for (int i = 0; i < FIELDS; i++) sender.longColumn(names[TAGS + i], row.fields[i]);
    sender.at(row.timestamp, ChronoUnit.NANOS);
  }

  private static String run(Sender sender, String[] names, Row[] rows, int count, int batch, boolean push) {
    long bytes = 0;
    long begin = System.nanoTime();
    for (int sent = 0; sent < count; sent++) {
      put(sender, names, rows[sent % rows.length]);
      if ((sent + 1) % batch == 0 || sent + 1 == count) {
        bytes += sender.bufferView().size();
        if (push) {
          sender.flush();
        } else {
          sender.reset();
        }
      }
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    return String.format("{\"rows\": %d, \"bytes\": %d, \"seconds\": %.6f}", count, bytes, seconds);
  }

  public static void main(String[] arguments) throws IOException {
    List<String> lines = Files.readAllLines(Path.of(arguments[1]));
    String[] names = lines.get(0).split("\t");
    Row[] rows = lines.stream().skip(1).map(Compare::parse).toArray(Row[]::new);
    int count = Integer.parseInt(arguments[2]);
    int batch = Integer.parseInt(arguments[3]);
    boolean push = arguments[4].equals("push");
    try (Sender sender = Sender.fromConfig(arguments[0])) {
      run(sender, names, rows, Math.min(count, 200_000), batch, false);  // the compiler's share is not measured
      System.out.println(run(sender, names, rows, count, batch, push));
    }
  }
}
