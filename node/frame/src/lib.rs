//! One message on a stream: four bytes of length, big-endian, then deterministic CBOR. Every read
//! has a limit in bytes and in time, so that a peer can neither fill the memory nor stop a task.
//!
//! This crate may know how messages are encoded. It may not know what they say, nor what the stream is made of.
#![forbid(unsafe_code)]

use std::io;
use std::time::Duration;

use papermesh_protocol::codec::{self, CodecError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long one message may take to be sent.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Why no message was exchanged.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// Too long, or not a message.
    #[error("malformed message: {0}")]
    Codec(#[from] CodecError),
    /// Nothing came, or nothing was taken, in time.
    #[error("the other side did not answer in time")]
    Timeout,
}

/// Writes one message of at most `max` bytes.
pub async fn write_message<T: Serialize>(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &T,
    max: usize,
) -> Result<(), FrameError> {
    let body = codec::encode(message, max)?;
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(&body);
    let sent = async {
        stream.write_all(&frame).await?;
        stream.flush().await
    };
    timeout(SEND_TIMEOUT, sent)
        .await
        .map_err(|_| FrameError::Timeout)??;
    Ok(())
}

/// Reads one message of at most `max` bytes, waiting no longer than `wait`; none if the other side
/// ended the stream between messages.
pub async fn read_message<T: Serialize + DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
    wait: Duration,
) -> Result<Option<T>, FrameError> {
    timeout(wait, read(stream, max))
        .await
        .map_err(|_| FrameError::Timeout)?
}

async fn read<T: Serialize + DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<Option<T>, FrameError> {
    let mut length = [0; 4];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > max {
        return Err(CodecError::TooLong { len: length, max }.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(codec::decode(&body, max)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WAIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn messages_cross_a_stream_and_its_end_is_seen() {
        let (mut near, mut far) = tokio::io::duplex(64);
        write_message(&mut near, &String::from("held"), 64)
            .await
            .unwrap();
        drop(near);
        assert_eq!(
            read_message::<String>(&mut far, 64, WAIT)
                .await
                .unwrap()
                .as_deref(),
            Some("held")
        );
        assert_eq!(
            read_message::<String>(&mut far, 64, WAIT).await.unwrap(),
            None
        );
    }

    #[tokio::test]
    async fn a_length_beyond_the_limit_is_refused_before_anything_is_read() {
        let (mut near, mut far) = tokio::io::duplex(64);
        near.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        let error = read_message::<String>(&mut far, 64, WAIT)
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            FrameError::Codec(CodecError::TooLong { .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up() {
        let (_near, mut far) = tokio::io::duplex(64);
        let error = read_message::<String>(&mut far, 64, WAIT)
            .await
            .unwrap_err();
        assert!(matches!(error, FrameError::Timeout));
    }
}
