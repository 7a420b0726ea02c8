//! Any program of a desktop prints: through a real queue of CUPS, with the filters of the system,
//! into the hold printer, and out of real printers.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use papermesh_tests::cups::Cups;
use papermesh_tests::device::CupsPrinter;
use papermesh_tests::picture::Picture;
use papermesh_tests::program::system;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Document, Machine, SOON, Setting, Site, User};

/// The paper that is asked for.
const A4: &str = "media=iso_a4_210x297mm";

/// A laptop with CUPS, and a hold printer that its one user prints to.
struct Desktop {
    laptop: Machine,
    charlie: User,
    cups: Cups,
    // The last to go: it takes the others' homes with it.
    site: Site,
}

impl Desktop {
    fn new() -> Self {
        let site = Site::new();
        let charlie = User::charlie();
        let address = SocketAddr::from(([127, 0, 0, 1], papermesh_tests::reserve_port()));
        let setting = Setting::default().running(&["--ipp", &address.to_string()]);
        let laptop = site.founder_at("laptop-1", setting);
        laptop.enroll(&charlie, &laptop);
        Self {
            site,
            laptop,
            charlie,
            cups: Cups::start(),
        }
    }

    fn setup(&self, more: &str) -> String {
        let setup = self.laptop.papermesh(&format!("setup-printer {more}"));
        let ended = self.cups.serving(setup).run().succeeded();
        ended.stdout().to_owned()
    }

    /// A printer whose device takes this format only.
    fn printer(&self, name: &str, format: &str) -> (CupsPrinter, Machine) {
        let folder = self.site.path(&format!("{name}-device"));
        let device = CupsPrinter::taking(&folder, format, &["-s", "10,10"]);
        let setting = Setting::default().running(&["--output", &device.uri()]);
        let node = self
            .site
            .invited(&self.laptop, name, "printer", setting)
            .running();
        (device, node)
    }

    /// What the filters of CUPS make of a file, as PDF.
    fn as_pdf(&self, file: &str) -> PathBuf {
        let made = self.site.path(&format!("{file}.as.pdf"));
        let ran = Command::new(system("cupsfilter"))
            .args(["-m", "application/pdf", "-o", A4, "-p"])
            .arg(self.cups.description("Papermesh"))
            .arg(self.site.path(file))
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
        fs::write(&made, ran.stdout).unwrap();
        made
    }
}

/// The walk of a user who knows nothing but the print dialog.
#[test]
fn what_any_program_prints_comes_out_of_any_printer_as_it_should_look() {
    let desktop = Desktop::new();
    let said = desktop.setup("--default");
    assert!(said.contains("\"added\":true"), "{said}");

    let report = Document::pages(desktop.site.folder(), "report.pdf", 2);
    let text = "Dear all,\n\nthe meeting is at noon.\n".repeat(12);
    fs::write(desktop.site.path("letter.txt"), text).unwrap();
    let photo = desktop.site.path("photo");
    let ran = Command::new(system("pdftoppm"))
        .args(["-jpeg", "-r", "100", "-singlefile"])
        .args([report.path(), &photo])
        .status();
    assert!(ran.is_ok_and(|status| status.success()));
    let letter = desktop.as_pdf("letter.txt");

    let mut photos = Vec::new();
    for (name, format) in [
        ("pdf", "application/pdf"),
        ("pwg", "image/pwg-raster"),
        ("urf", "image/urf"),
    ] {
        let (device, printer) = desktop.printer(name, format);
        for (place, file) in ["report.pdf", "letter.txt", "photo.jpg"].iter().enumerate() {
            let path = desktop.site.path(file);
            desktop
                .cups
                .print(&desktop.laptop, "Papermesh", &path, &["-o", A4]);
            let held = desktop.laptop.jobs();
            assert_eq!(
                (held.len(), &*held[0].title),
                (1, *file),
                "{}",
                desktop.cups.log()
            );

            let visit = printer.visit(&desktop.charlie);
            wait_until(SOON, "the job to be found", || visit.sees(1));
            let report = visit.print_all();
            assert_eq!(report.ending(), "printed", "{file} on {name}: {report:?}");
            assert!(desktop.laptop.jobs().is_empty());

            let received = device.received();
            assert_eq!(received.len(), place + 1);
            let paper = &received[place].document;
            let pages = match name {
                "pdf" => Picture::of_pdf(paper, 600),
                _ => Picture::pages(paper),
            };
            let source = match *file {
                "report.pdf" => desktop.site.path("report.pdf"),
                "letter.txt" => letter.clone(),
                _ => {
                    photos.push(pages);
                    continue;
                }
            };
            let wanted = Picture::of_pdf(&source, 600);
            assert_eq!(pages.len(), wanted.len(), "{file} on {name}");
            for (page, wanted) in pages.iter().zip(&wanted) {
                assert!(page.is_like(wanted), "{file} on {name}");
                assert!(!page.is_like(&page.blank()));
            }
        }
    }
    // A picture is fitted into the page, so it is compared with itself as it came out elsewhere.
    let first = &photos[0];
    assert!(first.len() == 1 && first[0].has_color() && !first[0].is_like(&first[0].blank()));
    assert!(
        photos
            .iter()
            .all(|pages| pages.len() == 1 && pages[0].is_like(&first[0]))
    );
}

/// A queue for each printer: what is printed there comes out at once, and is held if it does not.
#[test]
fn a_queue_leads_straight_to_one_printer() {
    let desktop = Desktop::new();
    let mut printer = desktop.site.tray_printer(&desktop.laptop, "front desk");
    wait_until(SOON, "the printer to be known", || {
        let printers = desktop.laptop.papermesh("printers").run().succeeded();
        printers.stdout().contains("front desk")
    });
    let setup = (desktop.laptop.papermesh("setup-printer")).args(["--to", "Front Desk"]);
    let said = desktop.cups.serving(setup).run().succeeded();
    assert!(
        said.stdout().contains("/ipp/print/front%20desk"),
        "{said:?}"
    );

    let report = Document::pages(desktop.site.folder(), "report.pdf", 1);
    desktop
        .cups
        .print(&desktop.laptop, "front_desk", report.path(), &[]);
    wait_until(SOON, "the paper to come out", || printer.tray().len() == 1);
    wait_until(SOON, "the job to be gone", || {
        desktop.laptop.jobs().is_empty()
    });

    printer.stop();
    desktop
        .cups
        .print(&desktop.laptop, "front_desk", report.path(), &[]);
    wait_until(SOON, "the job to be held", || {
        desktop.laptop.jobs().len() == 1
    });
    printer.run();
    let visit = printer.visit(&desktop.charlie);
    wait_until(SOON, "the job to be found", || visit.sees(1));
    assert_eq!(visit.print_all().ending(), "printed");

    // Whoever means a printer that is not there is told which are.
    let missing = (desktop.laptop.papermesh("setup-printer")).args(["--to", "nowhere"]);
    let refused = desktop.cups.serving(missing).run();
    assert!(!refused.is_success());
    assert!(refused.complaint().contains("front desk"), "{refused:?}");
    let removed = desktop.setup("--remove --queue front_desk");
    assert!(removed.contains("front_desk"), "{removed}");
}
