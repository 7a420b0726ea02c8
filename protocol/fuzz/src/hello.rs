//! What strangers say first to a gateway.

use papermesh_protocol::gateway::hello::{HelloError, Progress, read};
use papermesh_protocol::limits;

/// A hello that comes in pieces: it is waited for until it is judged, and judged once.
pub(crate) fn client_hello(bytes: &[u8]) {
    let whole = read(bytes);
    let mut decided = false;
    for length in (0..bytes.len()).step_by(1 + bytes.len() / 256) {
        let verdict = read(&bytes[..length]);
        decided |= verdict != Ok(Progress::More);
        if decided {
            assert_eq!(verdict, whole, "judged twice");
        }
    }
    match whole {
        Ok(Progress::More) => assert!(bytes.len() < limits::CLIENT_HELLO, "waits for too much"),
        Ok(Progress::Done(hello)) => {
            if let Some(name) = hello.server_name {
                assert_eq!(name.as_str().parse(), Ok(name.clone()));
            }
        }
        Err(HelloError::NotTls) => {}
        Err(_) => assert_eq!(bytes[0], 22, "said of what is TLS"),
    }
}
