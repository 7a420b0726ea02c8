//! Tables in Parquet, by columns.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A column with a value in every row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// 64-bit floating point.
    Float(Vec<f64>),
    /// 64-bit integers.
    Whole(Vec<i64>),
    /// UTF-8.
    Text(Vec<String>),
    /// Yes or no.
    Yes(Vec<bool>),
}

impl Column {
    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Yes(values) => values.len(),
        }
    }

    /// A value as CSV has it.
    pub fn text(&self, row: usize) -> String {
        match self {
            Self::Float(values) => values.get(row).map(f64::to_string),
            Self::Whole(values) => values.get(row).map(i64::to_string),
            Self::Text(values) => values.get(row).cloned(),
            Self::Yes(values) => values.get(row).map(bool::to_string),
        }
        .unwrap_or_default()
    }
}

/// Columns with their names.
pub type Table = Vec<(String, Column)>;

/// Writes a table. All columns have the same number of rows.
///
/// # Errors
///
/// The disk failed, or columns differ in length.
pub fn write(path: &Path, table: &Table) -> Result<()> {
    let rows = table.first().map_or(0, |(_, column)| column.rows());
    if table.iter().any(|(_, column)| column.rows() != rows) {
        return Err(ParquetError::General(
            "columns of different lengths".to_owned(),
        ));
    }
    let columns: Vec<_> = table
        .iter()
        .map(|(name, column)| {
            let (kind, note) = match column {
                Column::Float(_) => ("DOUBLE", ""),
                Column::Whole(_) => ("INT64", ""),
                Column::Text(_) => ("BYTE_ARRAY", " (UTF8)"),
                Column::Yes(_) => ("BOOLEAN", ""),
            };
            format!("required {kind} {name}{note};")
        })
        .collect();
    let schema = parse_message_type(&format!("message table {{ {} }}", columns.join(" ")))?;
    // Without the name and version of the writer, so that equal runs leave equal files.
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("papermesh-sim".to_owned())
        .build();
    let mut file =
        SerializedFileWriter::new(File::create(path)?, Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (_, column) in table {
        let Some(mut writer) = group.next_column()? else {
            break;
        };
        match (writer.untyped(), column) {
            (ColumnWriter::DoubleColumnWriter(writer), Column::Float(values)) => {
                writer.write_batch(values, None, None)?;
            }
            (ColumnWriter::Int64ColumnWriter(writer), Column::Whole(values)) => {
                writer.write_batch(values, None, None)?;
            }
            (ColumnWriter::BoolColumnWriter(writer), Column::Yes(values)) => {
                writer.write_batch(values, None, None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text(values)) => {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| ByteArray::from(value.as_str()))
                    .collect();
                writer.write_batch(&values, None, None)?;
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        }
        writer.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}

/// Reads a table that [`write`] wrote.
///
/// # Errors
///
/// The disk failed, or the file is none of ours.
pub fn read(path: &Path) -> Result<Table> {
    let file = SerializedFileReader::new(File::open(path)?)?;
    let mut table = Table::new();
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        for number in 0..group.num_columns() {
            let name = group
                .metadata()
                .column(number)
                .column_descr()
                .name()
                .to_owned();
            let column = match group.get_column_reader(number)? {
                ColumnReader::DoubleColumnReader(mut reader) => {
                    let mut values = Vec::new();
                    reader.read_records(rows, None, None, &mut values)?;
                    Column::Float(values)
                }
                ColumnReader::Int64ColumnReader(mut reader) => {
                    let mut values = Vec::new();
                    reader.read_records(rows, None, None, &mut values)?;
                    Column::Whole(values)
                }
                ColumnReader::BoolColumnReader(mut reader) => {
                    let mut values = Vec::new();
                    reader.read_records(rows, None, None, &mut values)?;
                    Column::Yes(values)
                }
                ColumnReader::ByteArrayColumnReader(mut reader) => {
                    let mut values = Vec::new();
                    reader.read_records(rows, None, None, &mut values)?;
                    let text =
                        |value: &ByteArray| String::from_utf8_lossy(value.data()).into_owned();
                    Column::Text(values.iter().map(text).collect())
                }
                _ => {
                    return Err(ParquetError::General(format!(
                        "column {name} of another type"
                    )));
                }
            };
            table.push((name, column));
        }
    }
    Ok(table)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_equal_tables_are_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let table = vec![
            ("a".to_owned(), Column::Float(vec![0.5, -1.0, 1e300])),
            ("b".to_owned(), Column::Whole(vec![1, 2, i64::MIN])),
            (
                "c".to_owned(),
                Column::Text(vec!["x".to_owned(), String::new(), "±".to_owned()]),
            ),
            ("d".to_owned(), Column::Yes(vec![true, false, true])),
        ];
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        write(&one, &table).unwrap();
        write(&two, &table).unwrap();
        assert_eq!(read(&one).unwrap(), table);
        assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
        let uneven = vec![
            ("a".to_owned(), Column::Float(vec![0.5])),
            ("b".to_owned(), Column::Whole(vec![])),
        ];
        assert!(write(&folder.path().join("3"), &uneven).is_err());
    }
}
