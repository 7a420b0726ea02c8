//! Staples, holes and folds, from the program that prints to the device.

use std::net::SocketAddr;

use papermesh_tests::browser::Window;
use papermesh_tests::device::{Fate, ScriptedPrinter};
use papermesh_tests::ipp::{
    self, ENUM, GET_JOB_ATTRIBUTES, INTEGER, JOB_GROUP, PRINT_JOB, Request,
};
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Setting, Site, User};

/// The account that the programs of these tests say they run in.
const LOCAL_NAME: &str = "local";

/// A laptop with a hold printer, and a printer whose device staples, punches and folds.
struct Office {
    device: ScriptedPrinter,
    laptop: Machine,
    hold_printer: SocketAddr,
    at: papermesh_tests::panel::PanelAt,
    charlie: User,
    site: Site,
}

impl Office {
    fn new() -> Self {
        let site = Site::new();
        let device = ScriptedPrinter::start(Fate::Prints);
        let hold_printer = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let setting = Setting::default()
            .with("PAPERMESH_IPP_USERS", &format!("{LOCAL_NAME}=charlie"))
            .running(&["--ipp", &hold_printer.to_string()]);
        let laptop = site.founder_at("laptop-1", setting);
        let at = site.panel(&laptop, "printer-1", &["--output", &device.uri()]);
        let charlie = User::charlie();
        laptop.enroll(&charlie, &laptop);
        Self {
            device,
            laptop,
            hold_printer,
            at,
            charlie,
            site,
        }
    }

    fn print(&self, title: &str, more: &[&str]) {
        let document = self.site.document(title, title);
        let print = self.laptop.papermesh("print").arg(document.path());
        let _ = print
            .args(["--user", &*self.charlie.id])
            .args(more)
            .run()
            .succeeded();
    }

    /// Prints all that is held, without the panel.
    fn release_all(&self) {
        let visit = self.at.printer.visit(&self.charlie);
        assert_eq!(visit.print_all().ending(), "printed");
    }

    /// What was asked of the last job: copies and finishings.
    fn last(&self) -> (i32, Vec<i32>) {
        let last = self.device.wanted().pop().unwrap_or_default();
        (last.copies, last.finishings)
    }
}

/// What the owner asked for is shown to the owner and reaches the device; what the device does not have is
/// left out, and the rest is printed.
#[test]
fn what_the_command_line_asks_for_reaches_the_device() {
    let office = Office::new();
    let both = "staple-top-left,punch-dual-left";
    office.print("report.pdf", &["--finishings", both, "--copies", "2"]);
    let shown = office
        .laptop
        .papermesh("jobs")
        .args(["show", "1"])
        .run()
        .succeeded();
    let listed = r#""finishings":["staple-top-left","punch-dual-left"]"#;
    assert!(shown.stdout().contains(listed), "{}", shown.stdout());
    office.release_all();
    assert_eq!(office.last(), (2, vec![20, 74]));

    office.print(
        "poster.pdf",
        &["--finishings", "fold-poster,punch-dual-left"],
    );
    let report = office.at.printer.visit(&office.charlie).print_all();
    assert_eq!(report.ending(), "printed");
    let said = report.results[0].reason.clone().unwrap_or_default();
    assert!(said.contains("staples, holes or folds"), "{said}");
    assert_eq!(office.last(), (1, vec![74]));

    let twice = ["--finishings", "staple,staple-top-left"];
    let print = office
        .laptop
        .papermesh("print")
        .arg(office.site.document("no.pdf", "no").path());
    let refused = print.args(twice).run();
    assert!(!refused.is_success());
    assert!(
        refused.stderr().contains("one way to staple"),
        "{}",
        refused.stderr()
    );
}

/// The panel shows what a job was sent with, and offers what the device has.
#[test]
fn a_user_changes_them_at_the_panel() {
    let office = Office::new();
    office.print(
        "report.pdf",
        &["--finishings", "staple-top-left,punch-dual-left"],
    );
    let mut browser = office.at.browser(Window::PANEL);
    office.at.log_in(&mut browser, &office.charlie);
    browser.see("#jobs .job:has-text(\"Staple, top left · 2 holes, left\")");
    browser.click("#jobs label:has-text(\"report.pdf\")");
    browser.click(".bar button:has-text(\"Options\")");
    browser.click("#options fieldset:has-text(\"Staples\") label:has-text(\"2 staples, left\")");
    browser.click("#options fieldset:has-text(\"Holes\") label:has-text(\"None\")");
    browser.click("#options fieldset:has-text(\"Folds\") label:has-text(\"Fold in half\")");
    browser.picture("options-finishings");
    browser.is_for_everybody("the options with finishings");
    browser.click("#options .primary");
    browser.click("#print");
    browser.see(".card.good");
    assert_eq!(office.last(), (1, vec![28, 93]));
}

/// Programs are offered what the printers of the site have, may ask for it, and are told of the rest.
#[test]
fn programs_are_offered_what_the_printers_have() {
    let office = Office::new();
    wait_until(SOON, "the printer to be known", || {
        let known = office.laptop.papermesh("printers").run().succeeded();
        known.stdout().contains("staple-dual-left")
    });
    let print = |number: u32| {
        let ask = Request::new(PRINT_JOB, LOCAL_NAME).group(JOB_GROUP).with(
            ENUM,
            "finishings",
            &number.to_be_bytes(),
        );
        ipp::ask(office.hold_printer, &ask.document(b"%PDF-1.4\n")).unwrap()
    };
    let printed = print(20);
    assert_eq!(printed.status(), Some(0));
    let job = printed.number("job-id").unwrap().to_be_bytes();
    let ask = Request::new(GET_JOB_ATTRIBUTES, LOCAL_NAME).with(INTEGER, "job-id", &job);
    let told = ipp::ask(office.hold_printer, &ask.document(b"")).unwrap();
    assert_eq!(told.number("finishings"), Some(20));
    // A fold that no printer has is named as unsupported, and the job is held without it.
    let printed = print(98);
    assert_eq!(
        (printed.status(), printed.number("finishings")),
        (Some(1), Some(98))
    );
}
