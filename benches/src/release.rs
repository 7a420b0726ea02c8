//! A document from its holder's disk to decrypted bytes that leave the printer's process.
//!
//! Two real nodes, a real login, and a raw port as the output device, because it is the device that
//! costs least: whoever listens there throws the bytes away. What is timed is the document itself,
//! from its first byte at the device to its last, as it is for the raw stream beside it.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use papermesh_tests::Document;
use papermesh_tests::Site;
use papermesh_tests::User;
use papermesh_tests::wait::wait_until;
use rustix::net::{RecvFlags, recv};

use crate::Scale;
use crate::memory::Growth;
use crate::raw_stream::RawStream;
use crate::table::{Row, Speed};

/// How long one document may take on a slow machine.
const LONG: Duration = Duration::from_secs(600);
/// The largest document whose pages its holder counts, in bytes.
const LOOKED_AT: u64 = 256 << 20;
/// The most that may be above idle on each side, and of an idle node, in MiB.
const ABOVE_IDLE: u64 = 48;
const IDLE: u64 = 30;

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let (site, charlie) = (Site::new(), User::charlie());
    let (port, printed) = void()?;
    let mut holder = site.founder("laptop-1");
    let mut printer = site.printer(&holder, "printer-1", &format!("socket://127.0.0.1:{port}"));
    let mut bystander = site.member(&holder, "printer-2", "printer");
    holder.enroll(&charlie, &holder);
    // Everything that is done once is done now: the first login, the first job.
    holder.print(&site.document("small.pdf", "x"), &charlie);
    ensure!(
        printer.visit(&charlie).print_all().ending() == "printed",
        "the small document was not printed"
    );
    printed.recv()?;
    let idle = bystander.node().memory_now();

    let document = Document::pdf_of(site.folder(), "large.pdf", "x", scale.document);
    let _ = holder
        .submission(&document, &charlie)
        .within(LONG)
        .run()
        .succeeded();
    // A holder looks at what it holds, up to a size, while nobody waits for it; the user is on the way.
    if scale.document <= LOOKED_AT {
        wait_until(LONG, "the document's pages to be counted", || {
            holder
                .jobs()
                .iter()
                .any(|job| job.size == document.size() && job.pages.is_some())
        });
    }
    let mut growth = [Growth::from(&mut holder), Growth::from(&mut printer)];
    let mut raw = RawStream::start()?;
    let (mut ours, mut peer) = (Speed::of("release"), Speed::of("raw libp2p stream"));
    for _ in 0..scale.rounds {
        peer.note(document.size(), raw.receive(document.size())?);

        Growth::begin(&mut holder)?;
        Growth::begin(&mut printer)?;
        let visit = printer.visit(&charlie).keeping().within(LONG).print_all();
        ensure!(
            visit.ending() == "printed-and-kept",
            "the document was not printed: {visit:?}"
        );
        let (bytes, took) = printed.recv()?;
        ensure!(bytes == document.size(), "{bytes} bytes were printed");
        ours.note(bytes, took);
        growth[0].end(&mut holder);
        growth[1].end(&mut printer);
    }
    let [at_holder, at_printer] = growth;
    Ok(vec![
        Row::ratio("release, disk to device", &ours, &peer, 0.9),
        Row::memory(
            "memory while releasing, holder",
            "the same, idle",
            at_holder.most(),
            ABOVE_IDLE,
        ),
        Row::memory(
            "memory while releasing, printer",
            "the same, idle",
            at_printer.most(),
            ABOVE_IDLE,
        ),
        Row::memory("memory of an idle node", "–", idle, IDLE),
    ])
}

/// A raw port where everything disappears: its number, and what came with each connection, bytes
/// and the time from the first to the last of them.
fn void() -> Result<(u16, Receiver<(u64, Duration)>)> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port for the device")?;
    let port = listener.local_addr()?.port();
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        for connection in listener.incoming() {
            match connection.and_then(|connection| swallow(&connection)) {
                // A connection without a byte only looked whether somebody is there.
                Ok((0, _)) => {}
                Ok(swallowed) => {
                    if sender.send(swallowed).is_err() {
                        return;
                    }
                }
                Err(error) => eprintln!("the device: {error}"),
            }
        }
    });
    Ok((port, receiver))
}

/// Reads to the end without a copy: tcp(7) throws away what is received with `MSG_TRUNC`.
fn swallow(connection: &TcpStream) -> io::Result<(u64, Duration)> {
    let mut nothing = vec![0; 1 << 20];
    let (mut bytes, mut first) = (0, None);
    loop {
        let (_, read) = recv(connection, &mut nothing[..], RecvFlags::TRUNC)?;
        let begun = first.get_or_insert_with(Instant::now);
        if read == 0 {
            return Ok((bytes, begun.elapsed()));
        }
        bytes += read as u64;
    }
}
