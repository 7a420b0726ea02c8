//! Every limit of the local API.

use std::time::Duration;

/// Bytes of a request's line. What may be larger follows as a document.
pub const REQUEST_LINE: usize = 256 * 1024;
/// Bytes of an event's or an answer's line. The largest are an export of a site and a list of ten
/// thousand jobs.
pub const ANSWER_LINE: usize = 40 * 1024 * 1024;
/// Bytes of one chunk of a document.
pub const CHUNK: usize = 64 * 1024;
/// Chunks of a document that wait for the service.
pub const CHUNKS_WAITING: usize = 4;
/// Events that wait to be written.
pub const EVENTS_WAITING: usize = 64;
/// Commands that a node works on at once.
pub const CONNECTIONS: usize = 64;
/// How long a request's line may take to arrive.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a document may stand still. It may come from a pipe whose writer has to think.
pub const DOCUMENT_STALL: Duration = Duration::from_secs(10 * 60);
/// How long the command line may leave a line unread.
pub const WRITE_STALL: Duration = Duration::from_secs(30);
/// How long commands that still run may take once the node is to stop.
pub const DRAIN: Duration = Duration::from_secs(5);
/// Bytes of a Unix socket's path: the kernel takes 107 on Linux, 103 on macOS.
pub const SOCKET_PATH: usize = 100;
