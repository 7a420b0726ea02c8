//! Terminated mode: programs that know no name of a place, but a path at the gateway's own name. The gateway reads what
//! they print, where its provider and the site both switch that on.

use std::fs;

use papermesh_tests::SOON;
use papermesh_tests::answer::Finding;
use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::cups::Cups;
use papermesh_tests::document::Document;
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::program;
use papermesh_tests::wait::wait_until;
use serde_json::Value;

use super::conformance::{check, judge, lay_out};
use super::gateway::{Outside, PRINT_JOB, request};

/// The addresses of an older kind.
const ALIASES: [&str; 2] = ["expp1@abc.com", "expp1.abc.com"];
/// How the first of them stands in a path.
const PATH: &str = "expp1%abc.com";
/// What the printer says to those whose documents are read.
const WARNING: &str = "(the gateway can read this printer's documents)";

/// A place that is found by a path, at a gateway that says so of whoever asks.
fn terminated(expp: &str) -> Outside {
    let mut outside = Outside::new();
    switch_on(&mut outside, expp);
    allow(&outside, "on");
    name(&outside);
    outside
}

/// The provider's part.
fn switch_on(outside: &mut Outside, expp: &str) {
    outside.gateway.stop();
    let line = format!("terminated = {{ expp = \"{expp}\" }}");
    outside.gateway.set(&line);
    outside.gateway.start();
    outside.comes("up");
}

/// The admin's part.
fn allow(outside: &Outside, state: &str) {
    let said = outside.laptop.papermesh("gateway terminated");
    let _ = said.args([DOMAIN, state]).run().succeeded();
}

fn add(outside: &Outside) -> Ended {
    let add = outside.laptop.papermesh("gateway place add --name desk");
    add.args(["--alias", ALIASES[0], "--alias", ALIASES[1]])
        .run()
}

/// The part of whoever has the place.
fn name(outside: &Outside) {
    let added = add(outside).succeeded();
    assert!(
        added.stdout().contains(&format!("ipps://{DOMAIN}/{PATH}")),
        "{added:?}"
    );
    wait_until(SOON, "the place to be found by its path", || {
        let list: Value = outside.laptop.papermesh("gateway list").run().json();
        let aliases = &list["status"][0]["aliases"][0][1];
        aliases.as_array().is_some_and(|all| all.len() == 2)
    });
}

fn ipptool(outside: &Outside, uri: &str, document: &Document, test: &str) -> Ended {
    Invocation::new(&program::system("ipptool"), Some(outside.street.name()))
        .args(["-tvf", document.path_str(), uri, test])
        .run()
}

/// What a request made of these lines is answered.
fn ask(outside: &Outside, uri: &str, operation: &str, more: &str) -> Ended {
    let document = outside.site.document("asked.pdf", "asked");
    let test = outside.site.path("asked.test");
    fs::write(&test, request(operation, more)).unwrap();
    ipptool(outside, uri, &document, &test.display().to_string())
}

fn curl(outside: &Outside, args: &[&str]) -> Ended {
    Invocation::new(&program::system("curl"), Some(outside.street.name()))
        .args(["-sSk", "-i"])
        .args(args)
        .run()
}

/// The statuses of all answers of a connection, in order.
fn statuses(ended: &Ended) -> Vec<String> {
    // What is IPP has no line's end.
    let answers = ended.stdout().split("HTTP/1.1 ").skip(1);
    answers.map(|answer| answer[..3].to_owned()).collect()
}

/// Programs print by a path that they were given, raw or escaped, and what they print is held and released as ever. The
/// printer says to them, and to nobody else, that the gateway reads along.
#[test]
fn who_knows_a_path_alone_prints_into_the_hold_and_is_told_who_reads_along() {
    let outside = terminated("header");
    let token = outside.token("phone");
    let user = format!("{}:{token}", outside.charlie.id);
    let document = outside.site.document("report.pdf", "report");
    for (number, path) in [PATH, "expp1%25abc.com", "expp1@abc.com", "expp1.abc.com"]
        .iter()
        .enumerate()
    {
        let uri = format!("ipps://{user}@{DOMAIN}:443/{path}");
        let printed = ipptool(&outside, &uri, &document, PRINT_JOB);
        assert!(printed.is_success(), "{path}: {printed:?}");
        assert_eq!(outside.laptop.jobs().len(), number + 1);
    }
    // A token in the path, behind what asks for the place.
    let capable = format!("ipps://{DOMAIN}:443/{PATH}/t/{token}/ipp/print");
    let printed = ipptool(&outside, &capable, &document, PRINT_JOB);
    assert!(printed.is_success(), "{printed:?}");
    let report = outside.printer.visit(&outside.charlie).print_all();
    assert!(report.each_ended("printed"), "{report:?}");

    // Whoever comes by the place's own name is not read.
    let by_path = ask(&outside, &capable, "Get-Printer-Attributes", "");
    let own = format!("ipps://desk.acme.{DOMAIN}:443/t/{token}/ipp/print");
    let by_name = ask(&outside, &own, "Get-Printer-Attributes", "");
    assert!(by_path.stdout().contains(WARNING), "{by_path:?}");
    assert!(!by_name.stdout().contains(WARNING), "{by_name:?}");
    // No address of the inside is told, but names that the program can use.
    let told = by_path.stdout();
    assert!(told.contains(&format!("/{PATH}/t/{token}/ipp/print")) || told.contains("%ABc.com/t/"));
    assert!(
        !told.contains(&format!("ipps://desk.acme.{DOMAIN}")),
        "{told}"
    );
    assert!(
        !told.contains(&format!("https://desk.acme.{DOMAIN}")),
        "{told}"
    );

    let list = outside.laptop.papermesh("gateway list").run();
    assert!(list.stdout().contains("terminated"), "{list:?}");
    let found: Vec<Finding> = outside.laptop.papermesh("doctor").run().json();
    let read = found.iter().find(|found| found.check == "terminated");
    assert!(read.unwrap().detail.contains(PATH), "{found:?}");
}

/// A stock CUPS, with the default port of IPPS.
#[test]
fn a_stock_cups_prints_by_a_path() {
    let outside = terminated("attributes");
    let token = outside.token("office");
    let cups = Cups::within(&outside.street);
    let program = |program: &str, args: &[&str]| {
        let there = Invocation::new(&program::system(program), Some(outside.street.name()));
        cups.serving(there.args(args)).run()
    };
    let uri = format!("ipps://{}:{token}@{DOMAIN}/{PATH}", outside.charlie.id);
    let added = program(
        "lpadmin",
        &["-p", "expp", "-E", "-v", &uri, "-m", "everywhere"],
    );
    assert!(added.is_success(), "{added:?}");
    wait_until(SOON, "CUPS to know the printer", || {
        cups.description("expp").is_file()
    });
    let document = outside.site.document("cups.pdf", "cups");
    let printed = program("lp", &["-d", "expp", "-t", "cups", document.path_str()]);
    assert!(printed.is_success(), "{printed:?}");
    wait_until(SOON, "the document to be held", || {
        outside.laptop.jobs().len() == 1
    });
}

/// Both have to switch it on: with one alone nothing asks for the place, and nothing is told apart.
#[test]
fn nothing_is_read_unless_provider_and_site_both_say_so() {
    let mut outside = Outside::new();
    let url = format!("https://{DOMAIN}/{PATH}");
    let post = [
        "-H",
        "Content-Type: application/ipp",
        "--data-binary",
        "12345678",
        &url,
    ];
    // The site does not allow it.
    let refused = add(&outside);
    assert!(
        refused.complaint().contains("lets no gateway read"),
        "{refused:?}"
    );
    assert_eq!(statuses(&curl(&outside, &post)), ["404"]);
    // The provider does not.
    allow(&outside, "on");
    let _ = add(&outside).succeeded();
    wait_until(SOON, "the gateway to refuse", || {
        let list: Value = outside.laptop.papermesh("gateway list").run().json();
        list["status"][0]["refused_aliases"][0][2] == "off"
    });
    let found: Vec<Finding> = outside.laptop.papermesh("doctor").run().json();
    let refused = found.iter().find(|found| found.check == "terminated");
    assert_eq!(refused.unwrap().verdict, "bad", "{found:?}");
    assert_eq!(statuses(&curl(&outside, &post)), ["404"]);
    // Both do.
    switch_on(&mut outside, "header");
    name(&outside);
    assert_ne!(statuses(&curl(&outside, &post)), ["404"]);
    // The site does not any more.
    allow(&outside, "off");
    wait_until(SOON, "the place to be found no more", || {
        statuses(&curl(&outside, &post)) == ["404"]
    });
    let token = outside.token("phone");
    let document = outside.site.document("report.pdf", "report");
    assert!(outside.prints(&token, &document));
}

/// Who made a job is kept with it, however the gateway said it, and told to its owner alone.
#[test]
fn who_made_a_job_is_told_to_its_owner_alone() {
    for expp in ["header", "attributes", "group"] {
        let outside = terminated(expp);
        let (token, other) = (outside.token("phone"), outside.token("tablet"));
        let document = outside.site.document("report.pdf", "report");
        let uri = |token: &str| format!("ipps://{DOMAIN}:443/{PATH}/t/{token}");
        let by_path = format!("{}/ipp/print", uri(&token));
        let printed = ipptool(&outside, &by_path, &document, PRINT_JOB);
        assert!(printed.is_success(), "{expp}: {printed:?}");
        assert!(
            !printed.stdout().contains("job-client-addr ("),
            "{printed:?}"
        );
        let list = ask(&outside, &by_path, "Get-Jobs", "DISPLAY job-id");
        let id = list.stdout().lines().find_map(|line| {
            let (_, id) = line.split_once("job-id (integer) = ")?;
            Some(id.trim().to_owned())
        });
        let job = format!(
            "ATTR integer job-id {}",
            id.unwrap_or_else(|| panic!("{list:?}"))
        );
        let own = format!("ipps://desk.acme.{DOMAIN}:443/t/{token}/ipp/print");
        for asked in [&by_path, &own] {
            let told = ask(&outside, asked, "Get-Job-Attributes", &job);
            for attribute in [
                "job-client-addr (textWithoutLanguage) = ",
                "job-client-port (integer) = ",
                "job-proxy-socket (integer) = ",
            ] {
                assert!(told.stdout().contains(attribute), "{expp}: {told:?}");
            }
        }
        let others = format!("ipps://desk.acme.{DOMAIN}:443/t/{other}/ipp/print");
        let told = ask(&outside, &others, "Get-Job-Attributes", &job);
        assert!(!told.is_success() && !told.stdout().contains("job-client-addr ("));
    }
}

/// Each request goes where its own path leads, whatever came before it; what is no one request is none; pages are at the
/// place's own name; and a door that is away is waited for by nobody.
#[test]
fn each_request_of_a_connection_is_one_of_its_own() {
    let mut outside = terminated("header");
    let ipp = ["-H", "Content-Type: application/ipp"];
    let url = |path: &str| format!("https://{DOMAIN}/{path}");
    // Get-Printer-Attributes of a stranger.
    let question = outside.site.path("question.ipp");
    let uri = format!("ipps://{DOMAIN}/{PATH}");
    let asked = papermesh_tests::ipp::Request::at(
        &uri,
        papermesh_tests::ipp::GET_PRINTER_ATTRIBUTES,
        "somebody",
    );
    fs::write(&question, asked.document(b"")).unwrap();
    let data = format!("@{}", question.display());
    let body = [&ipp[..], &["--data-binary", &data]].concat();
    let [one, two, none] = [PATH, "expp1.abc.com", "expp2.abc.com"].map(url);
    let several = curl(&outside, &[&body[..], &[&one, &two, &none, &one]].concat());
    assert_eq!(
        statuses(&several),
        ["200", "200", "404", "200"],
        "{several:?}"
    );
    // A program that asks for no name in TLS.
    let address = Invocation::new(&program::system("getent"), Some(outside.street.name()))
        .args(["ahostsv4", DOMAIN])
        .run();
    let address = address.stdout().split(' ').next().unwrap().to_owned();
    let literal = format!("https://{address}/{PATH}");
    let nameless = curl(&outside, &[&body[..], &[&literal]].concat());
    assert_eq!(statuses(&nameless), ["200"], "{nameless:?}");
    for (args, status) in [
        (&["-H", "Expect: 100-continue"][..], "200"),
        (&["-H", "Transfer-Encoding: chunked"], "200"),
        (&["-H", "Content-Encoding: gzip"], "415"),
        (&["-H", "Content-Type: text/plain"], "415"),
        (&["-H", "Host: elsewhere/x"], "400"),
        (&["-X", "DELETE"], "405"),
    ] {
        let answered = curl(&outside, &[&body[..], args, &[&one]].concat());
        let last = statuses(&answered).pop();
        assert_eq!(last.as_deref(), Some(status), "{args:?}: {answered:?}");
    }
    let page = curl(&outside, &[&url(&format!("{PATH}/"))]);
    assert_eq!(statuses(&page), ["307"], "{page:?}");
    assert!(
        page.stdout()
            .contains(&format!("location: https://desk.acme.{DOMAIN}/")),
        "{page:?}"
    );
    let icon = Invocation::new(&program::system("curl"), Some(outside.street.name()))
        .args([
            "-sSk",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %{content_type}",
        ])
        .arg(url(&format!("{PATH}/icon.png")))
        .run();
    assert_eq!(icon.stdout(), "200 image/png", "{icon:?}");
    // Who says who asks is nobody but the gateway.
    let lying = [
        "-H",
        "Papermesh-Client: addr=\"192.0.2.1\", port=1, socket=1",
    ];
    let answered = curl(&outside, &[&body[..], &lying, &[&one]].concat());
    assert_eq!(statuses(&answered), ["200"], "{answered:?}");

    outside.laptop.stop();
    outside.gateway.stop();
    outside.gateway.start();
    let away = curl(&outside, &[&body[..], &[&one]].concat());
    assert_eq!(statuses(&away), ["503"], "{away:?}");
    let head = away.stdout().to_ascii_lowercase();
    assert!(head.contains("retry-after: 30"), "{away:?}");
    assert!(head.contains("content-type: application/ipp"), "{away:?}");
}

/// The suite of IPP/1.1 finds no more fault than at the place's own name.
#[test]
fn the_suite_of_ipp_1_1_finds_no_fault_by_a_path() {
    let mut outside = Outside::with(&[("PAPERMESH_IPP_OPERATORS", "charlie")]);
    switch_on(&mut outside, "group");
    allow(&outside, "on");
    name(&outside);
    let shared: Value = outside
        .laptop
        .papermesh("gateway share suites --may own --may operate --jobs-per-day 10000")
        .run()
        .succeeded()
        .json();
    let token = shared["token"].as_str().unwrap();
    let uri = format!(
        "ipps://{}:{token}@{DOMAIN}:443/expp1.abc.com",
        outside.charlie.id
    );
    let folder = outside.site.path("suites-1.1");
    lay_out(&folder, "1.1");
    let ipptool = Invocation::new(&program::system("ipptool"), Some(outside.street.name()));
    let judged = judge(
        (&outside.printer, &outside.charlie),
        ipptool,
        ("1.1", &uri),
        (&folder.join("sample.pdf"), &folder.join("ipp-1.1.test")),
    );
    check("ipp-1.1 by a path", &judged);
}
