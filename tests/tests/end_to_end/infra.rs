//! A printer whose device is whoever fetches (PWG 5100.18): proxies that do what they should, and proxies
//! that lie. What is not proven to be printed stays held.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use papermesh_tests::answer::VisitReport;
use papermesh_tests::ipp::{KEYWORD, MIME, Request};
use papermesh_tests::polling::Polling;
use papermesh_tests::proxy::{
    ABORTED, ACKNOWLEDGE_JOB, CANCELED, COMPLETED, FETCH_JOB, GET_JOB_ATTRIBUTES, GET_JOBS,
    NOT_FETCHABLE, Proxy, UPDATE_ACTIVE_JOBS, UPDATE_OUTPUT_DEVICE_ATTRIBUTES,
};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};
use serde::Deserialize;

/// The name of the infrastructure printer.
const NAME: &str = "front-desk";
/// How long a visit may take whose proxy falls silent.
const VISIT: Duration = Duration::from_secs(400);
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
        Self::with(Setting::default())
    }

    fn with(setting: Setting) -> Self {
        let (site, charlie) = (Site::new(), User::charlie());
        let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let laptop = site.founder("laptop-1");
        let setting = setting.running(&[
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

    fn withdraw(&self, name: &str) {
        let remove = self.printer.papermesh("infra remove").arg(name);
        let _ = remove.run().succeeded();
    }

    /// A document that does not fit into what lies between two computers.
    fn large(&self, name: &str) -> Document {
        Document::pdf_of(self.site.folder(), name, "large", 32 * 1024 * 1024)
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
        let visit = self.printer.visit(&self.charlie).within(VISIT);
        let visit = visit.begin(&["--all"]);
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

    let ending = office.released("aborted after bytes without a page", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say(job, ABORTED, 0);
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();

    // Its own count and its own reason say that nothing came out.
    let ending = office.released("aborted without a page and with a reason", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.say_why(job, ABORTED, Some(0), "document-format-error");
    });
    assert_eq!(ending, "not-printed");
    office.is_held();

    let ending = office.released("completed with errors", || {
        let job = proxy.taken();
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say_why(job, COMPLETED, Some(1), "job-completed-with-errors");
    });
    assert_eq!(ending, "may-have-printed");
    office.is_held();

    let document = office.large("half.pdf");
    office.laptop.print(&document, &office.charlie);
    let visit = office.printer.visit(&office.charlie).begin(&["--all"]);
    let job = proxy.taken();
    assert!(!proxy.fetch(job, 1024 * 1024).whole);
    let _ = proxy.acknowledge(job);
    let _ = proxy.say(job, COMPLETED, 1);
    let report: VisitReport = visit.finish().json();
    assert_eq!(report.ending(), "may-have-printed", "half of a document");
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
    assert_eq!(refused(&lobby).status, Some(NOT_FETCHABLE));
    office.withdraw("lobby");
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

/// `ippproxy` says *completed* of every job, counts no page, and says so as well where its printer aborted: it is
/// believed as a raw port is.
#[test]
fn completed_without_a_page_is_as_good_as_delivered() {
    let completes = |proxy: &Proxy| {
        let job = proxy.taken();
        let _ = proxy.say_of_document(job, 5);
        let _ = proxy.fetch(job, ALL);
        let _ = proxy.say_of_document(job, COMPLETED);
        let _ = proxy.acknowledge(job);
        let _ = proxy.say_why(job, COMPLETED, None, "none");
    };
    let office = Office::new();
    let proxy = office.proxy(1);
    let ending = office.released("trusted", || completes(&proxy));
    assert_eq!(ending, "printed");
    wait_until(SOON, "the job to be done", || {
        office.laptop.jobs().is_empty()
    });
    drop(office);
    let office = Office::with(Setting::default().with("PAPERMESH_DELIVERED_IS_PRINTED", "off"));
    let proxy = office.proxy(1);
    let ending = office.released("not trusted", || completes(&proxy));
    assert_eq!(ending, "may-have-printed");
    office.is_held();
}

#[test]
fn a_proxy_that_polls_prints_with_its_token_in_its_address() {
    let office = Office::new();
    let proxy = Proxy::new(office.address, NAME, &office.token("pappl"), 1).with_token_in_path();
    proxy.come();
    let mut polling = Polling::new(proxy);
    for name in ["one", "two"] {
        let document = office.site.document(&format!("{name}.pdf"), name);
        office.laptop.print(&document, &office.charlie);
    }
    let visit = office.printer.visit(&office.charlie).begin(&["--all"]);
    polling.until_printed(2, 1, SOON * 2);
    let report: VisitReport = visit.finish().succeeded().json();
    assert!(report.each_ended("printed"));
    wait_until(SOON, "the jobs to be done", || {
        office.laptop.jobs().is_empty()
    });
}

#[test]
fn a_proxy_goes_on_after_the_printers_node_was_started_again() {
    let mut office = Office::new();
    let proxy = office.proxy(1);
    let subscription = proxy.subscribe();
    let mut next = 1;
    for (round, kill) in [(0, false), (1, false), (2, true)] {
        if round > 0 {
            match kill {
                true => {
                    office.printer.kill();
                    office.printer.run();
                }
                false => office.printer.restart(),
            }
            office.printer.wait_until_ready();
        }
        // It says nothing anew: neither that it is there nor what its printer can do.
        let ending = office.released(&format!("round {round}"), || {
            let until = Instant::now() + SOON;
            let job = loop {
                assert!(Instant::now() < until, "it is not told of the job");
                let told = proxy.wait(subscription, next);
                assert_eq!(told.status, Some(0), "{told:?}");
                let events = told.events();
                next = events
                    .iter()
                    .fold(next, |next, event| next.max(event.number + 1));
                let mut events = events.into_iter();
                if let Some(event) = events.find(|event| event.event == "job-fetchable") {
                    break event.job;
                }
            };
            assert_eq!(proxy.take(job).status, Some(0));
            assert!(proxy.fetch(job, ALL).whole);
            assert_eq!(proxy.acknowledge(job).status, Some(0));
            assert_eq!(proxy.say(job, COMPLETED, 1).status, Some(0));
        });
        assert_eq!(ending, "printed", "round {round}");
    }
    // What it gave up is not there any more, also after a restart.
    assert_eq!(proxy.leave().status, Some(0));
    assert_eq!(proxy.wait(subscription, next).status, Some(0x0406));
    office.printer.restart();
    office.printer.wait_until_ready();
    assert_eq!(proxy.wait(subscription, next).status, Some(0x0406));
}

#[test]
fn a_token_that_is_withdrawn_ends_all_that_goes_on_with_it() {
    let office = Office::new();
    let describe = |proxy: &Proxy| {
        let describe = proxy.request(UPDATE_OUTPUT_DEVICE_ATTRIBUTES).group(0x04);
        describe.with(KEYWORD, "sides-supported", b"two-sided-long-edge")
    };
    let path = format!("/ipp/print/{NAME}");

    // A request that is half there.
    let proxy = office.proxy(1);
    let body = describe(&proxy).document(b"");
    let mut half = proxy.begin(&path, body.len());
    assert!(half.say(&body[..body.len() / 2]));
    // It waits for something to happen, too.
    let subscription = proxy.subscribe();
    let known = proxy.poll(subscription, 1).events();
    let next = known
        .iter()
        .fold(1, |next, event| next.max(event.number + 1));
    let waiting = std::thread::spawn({
        let proxy = proxy.clone();
        move || (proxy.wait(subscription, next), Instant::now())
    });
    // And fetches a document.
    office
        .laptop
        .print(&office.large("fetched.pdf"), &office.charlie);
    let visit = office.printer.visit(&office.charlie).begin(&["--all"]);
    let job = proxy.taken();
    let mut fetching = proxy.begin_fetch(job);
    fetching.read(64 * 1024);

    office.withdraw("proxy-1");
    let _ = half.say(&body[body.len() / 2..]);
    assert_eq!(half.finish().http, 401);
    let (told, _) = waiting.join().unwrap();
    assert!(told.http == 401 || told.status == Some(0), "{told:?}");
    let fetched = fetching.finish();
    assert!(!fetched.whole, "{} bytes", fetched.document.len());
    let report: VisitReport = visit.finish().json();
    assert_eq!(report.ending(), "may-have-printed");
    office.is_held();

    // While nothing happens otherwise, a question that waits is answered at once.
    let proxy = office.proxy(2);
    let subscription = proxy.subscribe();
    let known = proxy.poll(subscription, 1).events();
    let next = known
        .iter()
        .fold(1, |next, event| next.max(event.number + 1));
    let waiting = std::thread::spawn(move || proxy.wait(subscription, next).http);
    office.withdraw("proxy-2");
    assert_eq!(waiting.join().unwrap(), 401);
}

#[test]
fn no_stranger_takes_the_seat_of_a_proxy() {
    let office = Office::new();
    let proxy = office.proxy(1);
    office
        .laptop
        .print(&office.large("long.pdf"), &office.charlie);
    let visit = office.printer.visit(&office.charlie).begin(&["--all"]);
    let job = proxy.taken();
    let mut fetching = proxy.begin_fetch(job);
    fetching.read(64 * 1024);
    let stranger = Proxy::new(office.address, NAME, "", 9);
    let strangers: Vec<_> = (0..300)
        .map(|number| match number % 2 {
            0 => TcpStream::connect(office.address).map(drop).is_ok(),
            _ => {
                // It leaves its request where it is.
                let _ = stranger.begin("/ipp/system", 1000).say(b"x");
                true
            }
        })
        .collect();
    let idle: Vec<_> = (0..200)
        .filter_map(|_| TcpStream::connect(office.address).ok())
        .collect();
    assert_eq!((strangers.len(), idle.len()), (300, 200));
    let fetched = fetching.finish();
    assert!(fetched.whole, "{} bytes", fetched.document.len());
    assert_eq!(proxy.acknowledge(job).status, Some(0));
    assert_eq!(proxy.say(job, COMPLETED, 1).status, Some(0));
    let report: VisitReport = visit.finish().succeeded().json();
    assert_eq!(report.ending(), "printed");
    drop(idle);
}

#[test]
fn of_what_strangers_send_little_is_read() {
    let office = Office::new();
    let stranger = Proxy::new(office.address, NAME, "pd-0123456789abcdefghjkmnpq", 9);
    let piece = vec![b'x'; 64 * 1024];
    let length = 1024 * 1024 * 1024;
    let begun = stranger.request(ACKNOWLEDGE_JOB).document(b"");
    let mut sending = stranger.begin(&format!("/ipp/print/{NAME}"), length);
    assert!(sending.say(&begun));
    let mut said = begun.len();
    while said < length && sending.say(&piece) {
        said += piece.len();
    }
    // What lies between two computers counts as well.
    assert!(said < 64 * 1024 * 1024, "{said} bytes were read");
}

#[test]
fn a_proxy_sees_the_jobs_that_it_prints_and_no_others() {
    let office = Office::new();
    let (first, second) = (office.proxy(1), office.proxy(2));
    let all = |proxy: &Proxy| {
        let ask = proxy.request(GET_JOBS).with(KEYWORD, "which-jobs", b"all");
        let told = proxy.send(ask.with(KEYWORD, "requested-attributes", b"all"));
        assert_eq!(told.status, Some(0), "{told:?}");
        told
    };
    let subscription = second.subscribe();
    let title = "the board's plans";
    let sees =
        |told: &papermesh_tests::proxy::Reply| told.has(title.as_bytes()) || told.has(b"charlie");
    let ending = office.released(title, || {
        let job = first.job();
        // What it may fetch has no title until it does.
        assert!(all(&first).number("job-id") == Some(job) && !sees(&all(&first)));
        let ticket = first.send(first.about(FETCH_JOB, job));
        assert!(ticket.status == Some(0) && sees(&ticket));
        assert_eq!(first.take(job).status, Some(0));
        assert!(sees(&all(&first)));
        // The other one sees nothing of it, and cannot tell it from one that is not there.
        assert_eq!(all(&second).number("job-id"), None);
        for number in [job, 1] {
            let asked = second.send(second.about(GET_JOB_ATTRIBUTES, number));
            assert_eq!(asked.status, Some(0x0406));
            let asked = second.send(second.about(FETCH_JOB, number));
            assert_eq!(asked.status, Some(NOT_FETCHABLE));
        }
        let events = second.poll(subscription, 1).events();
        assert!(events.iter().all(|event| event.job == 0), "{events:?}");
        assert!(first.fetch(job, ALL).whole);
        let _ = first.acknowledge(job);
        let _ = first.say(job, COMPLETED, 1);
    });
    assert_eq!(ending, "printed");
    // Nor does the first one when it is printed.
    let told = all(&first);
    assert!(told.number("job-id").is_some() && !sees(&told), "{told:?}");
}

/// The times of the printer: who is silent for two minutes fetches nothing any more.
#[test]
fn a_proxy_that_falls_silent_gives_its_job_and_its_place_to_another() {
    let office = Office::new();
    let first = office.proxy(1);
    // Before it takes a job: the job is taken back.
    let ending = office.released("silence before taking", || {
        let _ = first.job();
    });
    assert_eq!(ending, "not-printed");
    office.is_held();
    // After it: the one that fetches from now on takes it, and the first one prints it, which said that it is there
    // long ago.
    let second = office.proxy(2);
    assert!(first.fetchable().is_none());
    let ending = office.released("silence after taking", || {
        let job = second.taken();
        let subscription = first.subscribe();
        let until = Instant::now() + Duration::from_secs(200);
        loop {
            assert!(Instant::now() < until, "it is not told of the job");
            let mut events = first.wait(subscription, 1).events().into_iter();
            if events.any(|event| event.event == "job-fetchable" && event.job == job) {
                break;
            }
        }
        assert_eq!(first.take(job).status, Some(0));
        assert_eq!(second.fetch(job, ALL).status, Some(NOT_FETCHABLE));
        assert!(first.fetch(job, ALL).whole);
        assert_eq!(first.acknowledge(job).status, Some(0));
        assert_eq!(first.say(job, COMPLETED, 1).status, Some(0));
    });
    assert_eq!(ending, "printed");
}
