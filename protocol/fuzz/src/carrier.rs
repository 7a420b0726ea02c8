//! The carrier over HTTP: its headers, and bodies that come in any order.

use papermesh_protocol::gateway::carrier::{
    HeaderError, Incoming, Offsets, Outgoing, PipeName, Prefer, Terms,
};
use papermesh_protocol::limits;

/// A line is read as each header, and as a path. What follows it says, four bytes each, which parts of a stream
/// arrive: what comes out must be the stream from its beginning.
pub(crate) fn carrier(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let parts = parts.next().unwrap_or_default();
    if let Ok(terms) = line.parse::<Terms>() {
        assert_eq!(terms.to_string(), line);
        assert!(terms.chunk <= limits::PIPE_WINDOW && terms.wait < terms.silence());
    }
    if let Ok(prefer) = line.parse::<Prefer>() {
        assert_eq!(prefer.to_string(), line);
    }
    if let Some(name) = PipeName::of_path(&line) {
        assert_eq!(name.path(), line);
    }
    match line.parse::<Offsets>() {
        Ok(offsets) => {
            assert_eq!(offsets.to_string(), line);
            jump(&offsets, parts);
        }
        Err(HeaderError::TooLong) => assert!(line.len() > limits::PIPE_HEADER_VALUE),
        Err(_) => {}
    }
    deliver(parts);
}

/// Offsets that were made up, at a pipe that has just begun.
fn jump(offsets: &Offsets, body: &[u8]) {
    let mut incoming = Incoming::default();
    let new = incoming.receive(offsets.up, body);
    assert_eq!(
        new.is_ok(),
        offsets.up == 0 && body.len() <= limits::PIPE_WINDOW
    );
    assert_eq!(incoming.has(), new.map_or(0, <[u8]>::len) as u64);
    let mut outgoing = Outgoing::default();
    let taken = outgoing.push(body) as u64;
    let had = outgoing.acknowledge(offsets.down);
    assert_eq!(had.is_ok(), offsets.down <= taken);
    let (from, pending) = outgoing.pending(offsets.up, limits::PIPE_WINDOW);
    assert_eq!(from + pending.len() as u64, taken);
}

fn deliver(parts: &[u8]) {
    let stream: Vec<u8> = (0..=u16::MAX).map(|at| (at ^ (at >> 8)) as u8).collect();
    let mut incoming = Incoming::default();
    let mut had = 0;
    for part in parts.as_chunks::<4>().0 {
        let [from, length] = [[part[0], part[1]], [part[2], part[3]]]
            .map(|number| usize::from(u16::from_be_bytes(number)));
        let body = &stream[from..stream.len().min(from + length)];
        match incoming.receive(from as u64, body) {
            Ok(new) => {
                assert_eq!(new, &stream[had..had + new.len()]);
                had += new.len();
            }
            Err(_) => assert!(from > had),
        }
        assert_eq!(incoming.has(), had as u64);
    }
}
