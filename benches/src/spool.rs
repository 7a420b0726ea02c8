//! A document from a file into the spool, until its holder says that it is kept, beside a plain copy
//! of the same file to the same disk with fsync at the end.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use papermesh_tests::Document;
use papermesh_tests::Site;
use papermesh_tests::User;
use papermesh_tests::answer::Submitted;

use crate::Scale;
use crate::memory::Growth;
use crate::table::{Row, Speed};

/// How long one document may take on a slow machine.
const LONG: Duration = Duration::from_secs(600);

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let (site, charlie) = (Site::new(), User::charlie());
    let mut holder = site.founder("laptop-1");
    holder.enroll(&charlie, &holder);
    holder.print(&site.document("small.pdf", "x"), &charlie);
    let document = Document::pdf_of(site.folder(), "large.pdf", "x", scale.document);

    let mut growth = Growth::from(&mut holder);
    let (mut ours, mut peer) = (Speed::of("spool"), Speed::of("plain file with fsync"));
    for _ in 0..scale.rounds {
        peer.note(
            document.size(),
            copy(document.path(), &site.path("copy.pdf"))?,
        );

        Growth::begin(&mut holder)?;
        rustix::fs::sync();
        let begun = Instant::now();
        let kept: Submitted = holder.submission(&document, &charlie).within(LONG).json();
        ours.note(document.size(), begun.elapsed());
        growth.end(&mut holder);
        ensure!(kept.size == document.size(), "the document was cut off");
        let _ = holder
            .papermesh("jobs delete")
            .arg(&kept.job)
            .run()
            .succeeded();
    }
    Ok(vec![
        Row::ratio("spool, file to kept", &ours, &peer, 0.7),
        Row::memory(
            "memory while spooling, holder",
            "the same, idle",
            growth.most(),
            48,
        ),
    ])
}

/// Copies a file through memory, as a program does that has something to do with the bytes.
fn copy(from: &Path, to: &Path) -> Result<Duration> {
    rustix::fs::sync();
    let begun = Instant::now();
    let mut source = File::open(from).context("the document")?;
    let mut copy = File::create(to).context("the copy")?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match source.read(&mut buffer)? {
            0 => break,
            read => copy.write_all(&buffer[..read])?,
        }
    }
    copy.sync_all()?;
    let took = begun.elapsed();
    std::fs::remove_file(to)?;
    Ok(took)
}
