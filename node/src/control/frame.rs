//! Lines and chunks on the wire, each read only as far as its limit.

use std::io;

use serde::Serialize;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
};
use zeroize::Zeroizing;

use super::limits;

/// Room that a line starts with. Requests with secrets fit in it, so that no growing leaves a
/// copy of them behind.
const LINE_ROOM: usize = 8 * 1024;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// It is longer than it may be.
    #[error("a line is longer than {0} bytes")]
    TooLong(usize),
    /// The other side went away in the middle of it.
    #[error("the connection ended in the middle of a line")]
    Truncated,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one line of at most `limit` bytes, without its end; none if the other side is through.
pub(super) async fn read_line<R: AsyncBufRead + Unpin>(
    reader: &mut R,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, LineError> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_ROOM.min(limit)));
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return if line.is_empty() {
                Ok(None)
            } else {
                Err(LineError::Truncated)
            };
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let taken = end.unwrap_or(available.len());
        if line.len() + taken > limit {
            return Err(LineError::TooLong(limit));
        }
        line.extend_from_slice(&available[..taken]);
        reader.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

/// One line of JSON; none if it would be longer than `limit`.
pub(super) fn encode<T: Serialize>(value: &T, limit: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_ROOM));
    serde_json::to_writer(&mut *line, value).ok()?;
    if line.len() > limit {
        return None;
    }
    line.push(b'\n');
    Some(line)
}

/// Writes a part of a document: its length as 32 bits, the highest first, then its bytes.
/// Nothing to write is not written, as an empty chunk is the end.
pub(super) async fn write_chunk<W: AsyncWrite + Unpin>(
    writer: &mut W,
    bytes: &[u8],
) -> io::Result<()> {
    for chunk in bytes.chunks(limits::CHUNK) {
        let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
        writer.write_u32(length).await?;
        writer.write_all(chunk).await?;
    }
    Ok(())
}

/// Writes that the document is complete.
pub(super) async fn write_end<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    writer.write_u32(0).await?;
    writer.flush().await
}

/// Reads a part of a document; none at its end.
///
/// # Errors
/// `UnexpectedEof` if the sender went away before the end, `InvalidData` if the chunk is larger
/// than chunks may be.
pub(super) async fn read_chunk<R: AsyncRead + Unpin>(
    reader: &mut R,
) -> io::Result<Option<Vec<u8>>> {
    let length = reader.read_u32().await? as usize;
    if length == 0 {
        return Ok(None);
    }
    if length > limits::CHUNK {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a chunk is larger than chunks may be",
        ));
    }
    let mut chunk = vec![0; length];
    reader.read_exact(&mut chunk).await?;
    Ok(Some(chunk))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::BufReader;

    async fn lines_of(bytes: &[u8], limit: usize) -> Vec<Result<Option<Vec<u8>>, String>> {
        // A tiny buffer, so that every line comes in pieces.
        let mut reader = BufReader::with_capacity(3, bytes);
        let mut lines = Vec::new();
        loop {
            let line = read_line(&mut reader, limit).await;
            let last = !matches!(line, Ok(Some(_)));
            lines.push(
                line.map(|line| line.map(|line| line.to_vec()))
                    .map_err(|error| error.to_string()),
            );
            if last {
                return lines;
            }
        }
    }

    #[tokio::test]
    async fn lines_end_where_they_end() {
        assert_eq!(
            lines_of(b"hello\n\nworld\n", 5).await,
            [
                Ok(Some(b"hello".to_vec())),
                Ok(Some(vec![])),
                Ok(Some(b"world".to_vec())),
                Ok(None)
            ]
        );
    }

    #[tokio::test]
    async fn lines_that_are_too_long_or_cut_off_are_errors() {
        assert!(matches!(
            lines_of(b"hello!\n", 5).await.as_slice(),
            [Err(error)] if error.contains("longer than 5")
        ));
        assert!(matches!(
            lines_of(b"hel", 5).await.as_slice(),
            [Err(error)] if error.contains("in the middle of a line")
        ));
    }

    #[tokio::test]
    async fn a_document_comes_out_as_it_went_in() {
        let document: Vec<u8> = (0..limits::CHUNK * 2 + 17).map(|n| n as u8).collect();
        let mut wire = Vec::new();
        write_chunk(&mut wire, &document).await.unwrap();
        write_chunk(&mut wire, &[]).await.unwrap();
        write_end(&mut wire).await.unwrap();

        let mut reader = wire.as_slice();
        let mut read = Vec::new();
        while let Some(chunk) = read_chunk(&mut reader).await.unwrap() {
            assert!(chunk.len() <= limits::CHUNK);
            read.extend(chunk);
        }
        assert_eq!(read, document);
        assert!(reader.is_empty());
    }

    #[tokio::test]
    async fn a_document_without_an_end_is_no_document() {
        let mut wire = Vec::new();
        write_chunk(&mut wire, b"half of it").await.unwrap();
        for cut in 1..wire.len() {
            let mut reader = &wire[..cut];
            let error = read_chunk(&mut reader).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
        let mut reader = wire.as_slice();
        assert!(read_chunk(&mut reader).await.unwrap().is_some());
        assert!(read_chunk(&mut reader).await.is_err());
    }

    #[tokio::test]
    async fn a_huge_chunk_is_refused_before_it_is_read() {
        let mut reader: &[u8] = &u32::MAX.to_be_bytes();
        let error = read_chunk(&mut reader).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
