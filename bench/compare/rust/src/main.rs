//! compare CONF ROWS_FILE ROWS BATCH push|encode: see bench/compare/README.md.

use std::time::Instant;

use questdb::ingress::{Buffer, ColumnName, Sender, TableName, TimestampNanos};

struct Row<'a> {
    tags: Vec<&'a str>,
    fields: Vec<i64>,
    timestamp: i64,
}

struct Names<'a> {
    table: TableName<'a>,
    tags: Vec<ColumnName<'a>>,
    fields: Vec<ColumnName<'a>>,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn read_rows(text: &str) -> Outcome<(Vec<&str>, Vec<Row<'_>>)> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().ok_or("no header")?.split('\t').collect();
    let rows = lines
        .map(|line| -> Outcome<Row<'_>> {
            let values: Vec<&str> = line.split('\t').collect();
            let fields: Result<Vec<i64>, _> = values[10..20].iter().map(|value| value.parse()).collect();
            Ok(Row { tags: values[..10].to_vec(), fields: fields?, timestamp: values[20].parse()? })
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok((header, rows))
}

fn put(buffer: &mut Buffer, names: &Names<'_>, row: &Row<'_>) -> questdb::Result<()> {
    buffer.table(names.table)?;
    for (name, value) in names.tags.iter().zip(&row.tags) {
        buffer.symbol(*name, value)?;
    }
    for (name, value) in names.fields.iter().zip(&row.fields) {
        buffer.column_i64(*name, *value)?;
    }
    buffer.at(TimestampNanos::new(row.timestamp))
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&arguments[2])?;
    let (header, rows) = read_rows(&text)?;
    let count: usize = arguments[3].parse()?;
    let batch: usize = arguments[4].parse()?;
    let push = arguments[5] == "push";
    let column_names = |names: &[&'static str]| names.iter().map(|name| ColumnName::new(name)).collect();
    let header: Vec<&'static str> = header.iter().map(|name| &*Box::leak(name.to_string().into_boxed_str())).collect();
    let tags: questdb::Result<Vec<_>> = column_names(&header[..10]);
    let fields: questdb::Result<Vec<_>> = column_names(&header[10..20]);
    let names = Names { table: TableName::new("cpu")?, tags: tags?, fields: fields? };

    let mut sender = Sender::from_conf(&arguments[1])?;
    let mut buffer = sender.new_buffer();
    let mut bytes = 0;
    let begin = Instant::now();
    for sent in 0..count {
        put(&mut buffer, &names, &rows[sent % rows.len()])?;
        if (sent + 1) % batch == 0 || sent + 1 == count {
            bytes += buffer.len();
            if push {
                sender.flush(&mut buffer)?;
            } else {
                buffer.clear();
            }
        }
    }
    println!("{{\"rows\": {count}, \"bytes\": {bytes}, \"seconds\": {:.6}}}", begin.elapsed().as_secs_f64());
    Ok(())
}
