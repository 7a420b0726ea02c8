//! Many machines, many holders, some of them dead.

use std::time::{Duration, Instant};

use papermesh_tests::answer::VisitReport;
use papermesh_tests::wait::wait_until;
use papermesh_tests::{Machine, SOON, Seed, Site, User};

use crate::crash::{corrected, usual};

/// Two laptops, two printers: whatever is printed on either comes out at either.
#[test]
fn everything_is_found_from_everywhere() {
    let site = Site::new();
    let (charlie, dana) = (User::charlie(), User::dana());
    let one = site.founder("laptop-1");
    let two = site.member(&one, "laptop-2", "client");
    let printers = ["printer-1", "printer-2"].map(|name| site.tray_printer(&one, name));
    one.enroll(&charlie, &one);
    one.enroll(&dana, &two);

    for round in 1..=2 {
        one.print(
            &site.document(&format!("charlie-{round}.pdf"), "c"),
            &charlie,
        );
        two.print(&site.document(&format!("dana-{round}.pdf"), "d"), &dana);
    }
    for printer in &printers {
        for user in [&charlie, &dana] {
            let titles = [1, 2].map(|round| format!("{}-{round}.pdf", user.id));
            assert_eq!(printer.visit(user).list().titles(), titles);
        }
    }

    let [near, far] = &printers;
    assert!(near.visit(&charlie).print_all().each_ended("printed"));
    assert!(far.visit(&dana).print_all().each_ended("printed"));
    assert_eq!((near.tray().len(), far.tray().len()), (2, 2));
    assert!(one.jobs().is_empty() && two.jobs().is_empty());
}

/// A user's second laptop is linked by the first; the jobs of both make one list, oldest first,
/// as one queue would have printed them.
#[test]
fn a_linked_laptop_and_the_first_make_one_list_in_time_order() {
    let site = Site::new();
    let charlie = User::charlie();
    let one = site.founder("laptop-1");
    let two = site.member(&one, "laptop-2", "client");
    let printer = site.tray_printer(&one, "printer-1");
    one.enroll(&charlie, &one);
    one.link(&charlie, &two);

    let order = [&one, &two, &two, &one, &two];
    for (number, laptop) in order.iter().enumerate() {
        laptop.print(&site.document(&format!("{number}.pdf"), "x"), &charlie);
    }
    let list = printer.visit(&charlie).list();
    assert_eq!(list.titles(), ["0.pdf", "1.pdf", "2.pdf", "3.pdf", "4.pdf"]);
    let holders: Vec<_> = list
        .jobs
        .iter()
        .map(|job| job.holder_name.as_deref())
        .collect();
    assert_eq!(holders, order.map(|laptop| Some(laptop.name())));

    // The PIN went along: the second laptop alone lets its user in just as well.
    let mut one = one;
    one.kill();
    let list = printer.visit(&charlie).list();
    assert_eq!(list.titles(), ["1.pdf", "2.pdf", "4.pdf"]);
    one.run();
    wait_until(SOON, "the first laptop to be found again", || {
        printer.visit(&charlie).sees(5)
    });
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    assert_eq!(printer.tray().len(), 5);
}

/// How much longer a list may take because some holders are dead. Less than anybody waits for a
/// holder, and more than two slow cores hesitate.
const DELAY: Duration = Duration::from_secs(4);

/// Five laptops, each of which holds a job of one user, and a printer.
fn five_laptops(site: &Site, user: &User) -> (Vec<Machine>, Machine) {
    let first = site.founder("laptop-1");
    let printer = site.tray_printer(&first, "printer-1");
    first.enroll(user, &first);
    let mut laptops = vec![first];
    for number in 2..=5 {
        let further = site.member(&laptops[0], &format!("laptop-{number}"), "client");
        laptops[0].link(user, &further);
        laptops.push(further);
    }
    for laptop in &laptops {
        laptop.print(&site.document(&title_of(laptop), "x"), user);
    }
    wait_until(SOON, "all five to be listed", || {
        printer.visit(user).sees(5)
    });
    (laptops, printer)
}

/// The title of the job that a laptop holds.
fn title_of(laptop: &Machine) -> String {
    format!("{}.pdf", laptop.name())
}

/// Visits within which two of the five are killed.
const ROUNDS: usize = 12;

/// Two of five laptops are killed while their jobs are being listed, at any moment: the jobs of
/// the other three appear without waiting for the dead.
#[test]
fn two_of_five_killed_while_being_listed_delay_nobody() {
    let site = Site::new();
    let mut seed = Seed::take();
    let charlie = User::charlie();
    let (mut laptops, printer) = five_laptops(&site, &charlie);
    let usual = usual(|| assert!(printer.visit(&charlie).sees(5)));

    let (mut span, mut caught) = (usual, 0);
    for round in 0..ROUNDS {
        let mut victims: Vec<usize> = (0..laptops.len()).collect();
        while victims.len() > 2 {
            victims.swap_remove(usize::try_from(seed.below(victims.len() as u64)).unwrap());
        }
        let mut moments = [(); 2].map(|()| span * u32::try_from(seed.below(100)).unwrap() / 100);
        moments.sort();
        let began = Instant::now();
        let mut visit = printer.visit(&charlie).begin(&["--list"]);
        for (victim, moment) in victims.iter().zip(moments) {
            std::thread::sleep(moment.saturating_sub(began.elapsed()));
            let in_time = !visit.has_ended();
            caught += usize::from(in_time);
            span = corrected(span, in_time);
            laptops[*victim].kill();
        }
        let list: VisitReport = visit.finish().json();
        let took = began.elapsed();
        eprintln!("round {round}: killed {victims:?} after {moments:?}, listed after {took:?}");
        for (number, laptop) in laptops.iter().enumerate() {
            let title = title_of(laptop);
            let listed = list.titles().contains(&&*title);
            assert!(
                listed || victims.contains(&number),
                "{title} is not listed: {list:?}"
            );
        }
        assert!(
            took < usual + DELAY,
            "the list took {took:?}, usually {usual:?}"
        );
        for victim in victims {
            laptops[victim].run();
        }
        wait_until(SOON, "all five to be found again", || {
            printer.visit(&charlie).sees(5)
        });
    }
    assert!(
        caught >= ROUNDS / 2,
        "only {caught} of {} were killed before all was listed",
        ROUNDS * 2
    );
}

/// Five laptops hold jobs of one user. One of them is dead and one does not answer: the jobs of
/// the others appear, and come out, without waiting for either.
#[test]
fn the_dead_and_the_silent_delay_nobody() {
    let site = Site::new();
    let charlie = User::charlie();
    let (mut laptops, printer) = five_laptops(&site, &charlie);
    let began = Instant::now();
    assert!(printer.visit(&charlie).sees(5));
    let usual = began.elapsed();

    laptops[1].kill();
    laptops[3].freeze();
    let others = ["laptop-1.pdf", "laptop-3.pdf", "laptop-5.pdf"];
    let began = Instant::now();
    let list = printer.visit(&charlie).list();
    let took = began.elapsed();
    assert_eq!(list.titles(), others);
    assert!(
        took < usual + DELAY,
        "the list took {took:?}, usually {usual:?}"
    );
    let state_of = |name: &str| {
        let mut holders = list.holders.iter();
        holders.find(|holder| holder.holder_name.as_deref() == Some(name))
    };
    for missing in ["laptop-2", "laptop-4"] {
        let holder = state_of(missing).expect("the report says who is missing");
        assert_ne!(holder.state, "open", "{holder:?}");
    }
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    assert_eq!(printer.tray().len(), 3);

    // What the two hold was not lost with them.
    laptops[3].thaw();
    laptops[1].run();
    wait_until(SOON, "the other two to be found again", || {
        printer.visit(&charlie).sees(2)
    });
    assert!(printer.visit(&charlie).print_all().each_ended("printed"));
    assert_eq!(printer.tray().len(), 5);
}
