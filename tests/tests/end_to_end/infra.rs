//! A printer whose device is whoever fetches (PWG 5100.18): a proxy that does what it should, and proxies
//! that lie. What is not proven to be printed stays held.

use std::net::SocketAddr;

use papermesh_tests::answer::VisitReport;
use papermesh_tests::ipp::{KEYWORD, MIME, Request};
use papermesh_tests::proxy::{
    ABORTED, ACKNOWLEDGE_JOB, CANCELED, COMPLETED, FETCH_JOB, NOT_FETCHABLE, Proxy,
    UPDATE_ACTIVE_JOBS, UPDATE_OUTPUT_DEVICE_ATTRIBUTES,
};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};
use serde::Deserialize;

/// The name of the infrastructure printer.
const NAME: &str = "front-desk";
/// More than any document here has.
const ALL: usize = usize::MAX;

/// A device token, as the command tells it.
#[derive(Deserialize)]
struct Made {
    token: String,
}

/// A laptop with its user, and a printer for proxies.
pub(super) struct Office {
    printer: Machine,
    laptop: Machine,
    charlie: User,
    pub(super) address: SocketAddr,
    pub(super) site: Site,
}

impl Office {
    pub(super) fn new() -> Self {
        let (site, charlie) = (Site::new(), User::charlie());
        let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let laptop = site.founder("laptop-1");
        let setting = Setting::default().running(&[
            "--output",
            &format!("infra:{NAME}"),
            "--infra",
            &address.to_string(),
        ]);
        let printer = site
            .invited(&laptop, "printer-1", "printer", setting)
            .running();
        printer.wait_until_ready();
        laptop.enroll(&charlie, &laptop);
        Self {
            printer,
            laptop,
            charlie,
            address,
            site,
        }
    }

    fn token(&self, name: &str) -> String {
        let Made { token } = self.printer.papermesh("infra add").arg(name).json();
        token
    }

    /// A proxy that has come.
    fn proxy(&self, number: u8) -> Proxy {
        let token = self.token(&format!("proxy-{number}"));
        let proxy = Proxy::new(self.address, NAME, &token, number);
        proxy.come();
        proxy
    }

    /// Releases one new job, has a proxy do something with it, and says how the release ended.
    fn released(&self, name: &str, proxy: impl FnOnce()) -> String {
        self.laptop.print(
            &self.site.document(&format!("{name}.pdf"), name),
            &self.charlie,
        );
        let visit = self.printer.visit(&self.charlie).begin(&["--all"]);
        proxy();
        let report: VisitReport = visit.finish().json();
        report.ending().to_owned()
    }

    /// The one job is held still; deletes it.
    #[track_caller]
    fn is_held(&self) {
        let jobs = self.laptop.jobs();
        assert_eq!(jobs.len(), 1, "the job is gone without proof of paper");
        let visit = self.printer.visit(&self.charlie);
        let _ = visit.delete([jobs[0].job.as_str()]);
        wait_until(SOON, "the job to be deleted", || {
            self.laptop.jobs().is_empty()
        });
    }
}

#[test]
fn what_is_released_is_fetched_printed_and_deleted() {
    let office = Office::new();
    let proxy = office.proxy(1);
    let document = office.site.document("report.pdf", "x");
    office.laptop.print(&document, &office.charlie);
    let visit = office.printer.visit(&office.charlie).begin(&["--all"]);
    let job = proxy.taken();
    let fetched = proxy.fetch(job, ALL);
    assert_eq!(fetched.status, Some(0), "{fetched:?}");
    assert!(fetched.whole && document.is(&fetched.document));
    // It is given once, and nothing of it is on the printer's disk.
    assert_eq!(proxy.fetch(job, ALL).status, Some(NOT_FETCHABLE));
    for file in office.printer.files(".") {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(
            !bytes.windows(8).any(|part| part == b"%PDF-1.4"),
            "{}",
            file.display()
        );
    }
    assert_eq!(proxy.acknowledge(job).status, Some(0));
    assert_eq!(proxy.say_of_document(job, 9).status, Some(0));
    assert_eq!(office.laptop.jobs().len(), 1, "it is not printed yet");
    assert_eq!(proxy.say(job, COMPLETED, 1).status, Some(0));
    let report: VisitReport = visit.finish().succeeded().json();
    assert_eq!(report.ending(), "printed");
    wait_until(SOON, "the job to be done", || {
        office.laptop.jobs().is_empty()
    });
}

#[test]
fn a_proxy_that_lies_makes_no_job_disappear() {
    let office = Office::new();
    let proxy = office.proxy(1);
    let ending = office.released("completed without fetching", || {
        let job = proxy.taken();
        let _ = proxy.acknowledge(job);
        let _ = proxy.say(job, COMPLETED, 1);
    });
    assert_eq!(ending, "not-printed");
    office.is_held();

    let ending = office.released("completed without acknowledging", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.say(job, COMPLETED, 1);
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();

    let ending = office.released("completed and left unfinished", || {
        let job = proxy.taken();
        let _ = proxy.say_of_document(job, 5);
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say(job, COMPLETED, 1);
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();

    let ending = office.released("canceled after bytes", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say(job, CANCELED, 0);
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();

    let ending = office.released("aborted before bytes", || {
        let job = proxy.taken();
        let _ = proxy.say(job, ABORTED, 0);
    });
    assert_eq!(ending, "not-printed");
    office.is_held();

    let ending = office.released("fetched and gone", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        assert_eq!(proxy.leave().status, Some(0));
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();
}

#[test]
fn a_second_proxy_stands_by_and_has_no_say() {
    let office = Office::new();
    let (first, second) = (office.proxy(1), office.proxy(2));
    let ending = office.released("two proxies", || {
        let job = first.job();
        assert_eq!(second.fetchable(), None);
        assert_eq!(
            second.send(second.about(FETCH_JOB, job)).status,
            Some(NOT_FETCHABLE)
        );
        assert_eq!(second.take(job).status, Some(NOT_FETCHABLE));
        assert_eq!(first.take(job).status, Some(0));
        assert_eq!(second.fetch(job, ALL).status, Some(NOT_FETCHABLE));
        assert_eq!(second.say(job, COMPLETED, 1).status, Some(NOT_FETCHABLE));
        assert!(first.fetch(job, ALL).whole);
        assert_eq!(second.acknowledge(job).status, Some(NOT_FETCHABLE));
        assert_eq!(first.acknowledge(job).status, Some(0));
        // Coming back, it is told what it does not know, and that others are otherwise.
        let back = first
            .request(UPDATE_ACTIVE_JOBS)
            .with(0x21, "job-ids", &job.to_be_bytes())
            .with(0x21, "", &1i32.to_be_bytes())
            .with(0x23, "output-device-job-states", &5i32.to_be_bytes())
            .with(0x23, "", &5i32.to_be_bytes());
        let told = first.send(back);
        assert_eq!((told.status, told.number("job-ids")), (Some(1), Some(1)));
        assert_eq!(first.say(job, COMPLETED, 1).status, Some(0));
    });
    assert_eq!(ending, "printed");
}

#[test]
fn nobody_fetches_without_a_token_of_its_own() {
    let office = Office::new();
    let proxy = office.proxy(1);
    let refused = |proxy: &Proxy| {
        let asked = proxy
            .request(ACKNOWLEDGE_JOB)
            .with(0x21, "job-id", &1i32.to_be_bytes());
        proxy.send(asked)
    };
    let wrong = Proxy::new(office.address, NAME, "pd-0123456789abcdefghjkmnpq", 3);
    assert_eq!(refused(&wrong).http, 401);
    let malformed = Proxy::new(office.address, NAME, "2468", 3);
    assert_eq!(refused(&malformed).http, 401);
    // A token is the first device's that shows it.
    let token = office.token("lobby");
    Proxy::new(office.address, NAME, &token, 4).come();
    let thief = Proxy::new(office.address, NAME, &token, 5);
    assert_eq!(refused(&thief).status, Some(0x0403));
    // And good for nothing when it is withdrawn.
    let lobby = Proxy::new(office.address, NAME, &token, 4);
    assert_eq!(refused(&lobby).status, Some(0x0406));
    let _ = office
        .printer
        .papermesh("infra remove lobby")
        .run()
        .succeeded();
    assert_eq!(refused(&lobby).http, 401);
    // Clients cannot print here, whoever they are.
    let uri = format!("ipp://{}/ipp/print/{NAME}", office.address);
    let print = Request::at(&uri, 0x02, "charlie");
    assert_eq!(proxy.send(print).status, Some(0x0403));
    let elsewhere = proxy.send_to("/ipp/print/other", proxy.request(FETCH_JOB), ALL);
    assert_eq!(elsewhere.status, Some(0x0406));
    // Whoever tries for long is not heard any more.
    let tries: Vec<u16> = (0..12).map(|_| refused(&wrong).http).collect();
    assert_eq!(tries.last(), Some(&403), "{tries:?}");
}

#[test]
fn attributes_without_end_are_refused_and_nothing_is_lost() {
    let office = Office::new();
    let proxy = office.proxy(1);
    let describe = || proxy.request(UPDATE_OUTPUT_DEVICE_ATTRIBUTES).group(0x04);
    let value = "x".repeat(255);
    let mut large = describe().with(KEYWORD, "media-supported", b"iso_a4_210x297mm");
    for _ in 0..1100 {
        large = large.with(KEYWORD, "", value.as_bytes());
    }
    assert_eq!(proxy.send(large).status, Some(0x0408));
    let mut many = describe().with(KEYWORD, "media-supported", b"iso_a4_210x297mm");
    for _ in 0..3000 {
        many = many.with(KEYWORD, "", b"x");
    }
    assert_eq!(proxy.send(many).status, Some(0x0408));
    let mut endless = describe().with(KEYWORD, "media-supported", b"iso_a4_210x297mm");
    for _ in 0..100_000 {
        endless = endless.with(KEYWORD, "", value.as_bytes());
    }
    let refused = proxy.send(endless);
    assert!(refused.status != Some(0), "{:?}", refused.status);
    // One value of it is changed, others stay.
    let sparse = describe().with(MIME, "document-format-supported.2", b"image/jpeg");
    assert_eq!(proxy.send(sparse).status, Some(0));
    let known = proxy.send(proxy.request(0x44));
    for format in [&b"application/pdf"[..], b"image/jpeg"] {
        assert!(known.has(format), "{known:?}");
    }
    let ending = office.released("after all that", || {
        let job = proxy.taken();
        assert!(proxy.fetch(job, ALL).whole);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say(job, COMPLETED, 1);
    });
    assert_eq!(ending, "printed");
}

#[test]
fn without_a_proxy_everybody_is_told_what_is_missing() {
    let office = Office::new();
    let reasons = office.printer.status().device.map(|device| device.reasons);
    let reasons = reasons.unwrap_or_default().join(" ");
    assert!(reasons.contains("no proxy has asked for jobs"), "{reasons}");
    let doctor = office.printer.papermesh("doctor").run();
    assert!(
        doctor.stdout().contains("papermesh infra add"),
        "{}",
        doctor.stdout()
    );
    let _ = office.proxy(1);
    let ready = office
        .printer
        .status()
        .device
        .is_some_and(|device| device.ready);
    assert!(ready);
}
