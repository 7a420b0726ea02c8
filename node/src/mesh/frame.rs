//! Stand-in until the mesh is merged.
#![allow(missing_docs)]
use std::time::Duration;
use papermesh_protocol::codec::{self, CodecError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("the stream broke: {0}")]
    Io(#[from] std::io::Error),
    #[error("nothing came in time")]
    Timeout,
}

pub async fn write_message<T: Serialize>(stream: &mut (impl AsyncWrite + Unpin), message: &T, max: usize) -> Result<(), FrameError> {
    let bytes = codec::encode(message, max)?;
    let write = async {
        stream.write_all(&(bytes.len() as u32).to_be_bytes()).await?;
        stream.write_all(&bytes).await?;
        stream.flush().await
    };
    Ok(tokio::time::timeout(Duration::from_secs(30), write).await.map_err(|_| FrameError::Timeout)??)
}

pub async fn read_message<T: DeserializeOwned + Serialize>(stream: &mut (impl AsyncRead + Unpin), max: usize, wait: Duration) -> Result<Option<T>, FrameError> {
    let read = async {
        let mut len = [0; 4];
        let first = stream.read(&mut len).await?;
        if first == 0 { return Ok(None); }
        stream.read_exact(&mut len[first..]).await?;
        let len = u32::from_be_bytes(len) as usize;
        if len > max { return Err(CodecError::TooLong { len, max }.into()); }
        let mut bytes = vec![0; len];
        stream.read_exact(&mut bytes).await?;
        Ok(Some(codec::decode(&bytes, max)?))
    };
    tokio::time::timeout(wait, read).await.map_err(|_| FrameError::Timeout)?
}
