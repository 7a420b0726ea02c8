//! A document from a program into the hold printer, over IPPS, until it is sealed and kept; beside
//! the same document into the driverless printer of CUPS, which writes it to a file. And the list of
//! many jobs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use papermesh_tests::answer::Job;
use papermesh_tests::device::CupsPrinter;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, Setting, Site, User, ipp, program};

use crate::Scale;
use crate::table::{Row, Speed, Waits};

/// What is sent to both.
const TEST: &str = "/usr/share/cups/ipptool/print-job.test";
/// How long one document may take on a slow machine.
const LONG: Duration = Duration::from_secs(600);
/// How long the list of all jobs may take.
const AIM: Duration = Duration::from_millis(50);
/// Get-Jobs (RFC 8011 section 4.2.6).
const GET_JOBS: u16 = 0x0a;

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let (site, charlie) = (Site::new(), User::charlie());
    let port = papermesh_tests::reserve_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let setting = Setting::default().running(&["--ipp", &address.to_string()]);
    let holder = site.founder_at("laptop-1", setting);
    holder.enroll(&charlie, &holder);
    let peer = CupsPrinter::start(&site.path("device"));
    let document = Document::pdf_of(site.folder(), "large.pdf", "x", scale.printed);

    let ours = format!("ipps://localhost:{port}/ipp/print");
    let theirs = peer.uri().replacen("ipp:", "ipps:", 1);
    let (mut our_speed, mut their_speed) =
        (Speed::of("the hold printer"), Speed::of("ippeveprinter"));
    for round in 0..scale.rounds {
        their_speed.note(document.size(), print(&holder, &document, &theirs)?);
        wait_until(LONG, "the paper to come out", || {
            peer.received().len() > round
        });
        rustix::fs::sync();
        our_speed.note(document.size(), print(&holder, &document, &ours)?);
        // It is looked at once it is held; that must not be in the other's way.
        wait_until(LONG, "the document to be looked at", || {
            holder.jobs().iter().all(|job| job.pages.is_some())
        });
        let held = holder.jobs();
        let job: &Job = held.first().context("nothing is held")?;
        ensure!(job.size == document.size(), "the document was cut off");
        let _ = (holder.papermesh("jobs delete").arg(&job.job))
            .run()
            .succeeded();
    }
    let mut rows = vec![Row::ratio(
        "printed over IPPS, program to kept",
        &our_speed,
        &their_speed,
        1.0,
    )];
    rows.extend(list(&holder, address, scale)?);
    Ok(rows)
}

/// How long `ipptool` takes to print a document.
fn print(from: &Machine, document: &Document, uri: &str) -> Result<Duration> {
    rustix::fs::sync();
    let begun = Instant::now();
    let printed = from
        .program(&program::system("ipptool"))
        .args(["-tf", document.path_str(), uri, TEST])
        .within(LONG)
        .run();
    let took = begun.elapsed();
    ensure!(printed.is_success(), "{}", printed.stdout());
    Ok(took)
}

/// Lists many small jobs, as a queue window does and as their owner does.
fn list(holder: &Machine, address: SocketAddr, scale: Scale) -> Result<Vec<Row>> {
    for number in 0..scale.jobs {
        let request = ipp::Request::new(ipp::PRINT_JOB, "charlie");
        let title = format!("small {number}");
        let request = request.with(ipp::NAME, "job-name", title.as_bytes());
        let printed = ipp::ask(address, &request.document(b"%PDF-1.4\n"));
        let status = printed.and_then(|printed| printed.status());
        ensure!(status == Some(0), "job {number} was not held");
    }
    let (mut window, mut command) = (Waits::default(), Waits::default());
    for _ in 0..scale.visits {
        let request = ipp::Request::new(GET_JOBS, "charlie")
            .with(ipp::KEYWORD, "requested-attributes", b"job-id")
            .with(ipp::KEYWORD, "", b"job-name")
            .with(ipp::KEYWORD, "", b"job-state");
        let begun = Instant::now();
        let listed = ipp::ask(address, &request.document(b""));
        window.note(begun.elapsed());
        let listed = listed.context("no answer")?;
        ensure!(listed.status() == Some(0), "{listed:?}");

        let begun = Instant::now();
        let jobs = holder.jobs();
        command.note(begun.elapsed());
        ensure!(jobs.len() == scale.jobs, "{} jobs", jobs.len());
    }
    let many = scale.jobs;
    Ok(vec![
        Row::wait(&format!("{many} jobs listed over IPP"), &window, 0.95, AIM),
        Row::wait(
            &format!("{many} jobs by `papermesh jobs`"),
            &command,
            0.95,
            AIM,
        ),
    ])
}
