//! The suites of CUPS through a place at a gateway: they find what they find at the printer itself, which is
//! nothing ([`super::conformance`]).

use papermesh_tests::command::Invocation;
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::program;
use serde_json::Value;

use super::conformance::{check, judge, lay_out};
use super::gateway::Outside;

#[test]
fn the_suites_of_ipp_1_1_and_2_0_find_no_fault_through_a_gateway() {
    suites(&[("1.1", "1.1", "sample.pdf"), ("2.0", "2.0", "color.jpg")]);
}

#[test]
fn the_suites_of_ipp_2_1_and_2_2_find_no_fault_through_a_gateway() {
    suites(&[("2.1", "2.1", "sample.pwg"), ("2.2", "2.2", "sample.pdf")]);
}

#[test]
fn the_suite_of_ipp_everywhere_finds_no_fault_through_a_gateway() {
    suites(&[("everywhere", "2.0", "sample.pdf")]);
}

/// Runs suites with a token that allows what the suites do.
fn suites(suites: &[(&str, &str, &str)]) {
    let outside = Outside::with(&[("PAPERMESH_IPP_OPERATORS", "charlie")]);
    let shared: Value = outside
        .laptop
        .papermesh("gateway share suites --may own --may operate --jobs-per-day 10000")
        .run()
        .succeeded()
        .json();
    let token = shared["token"].as_str().unwrap();
    let uri = format!(
        "ipps://{}:{token}@desk.acme.{DOMAIN}:443/ipp/print",
        outside.charlie.id
    );
    for (name, version, sample) in suites {
        let folder = outside.site.path(&format!("suites-{name}"));
        lay_out(&folder, name);
        let ipptool = Invocation::new(&program::system("ipptool"), Some(outside.street.name()));
        let judged = judge(
            (&outside.printer, &outside.charlie),
            ipptool,
            (version, &uri),
            (
                &folder.join(sample),
                &folder.join(format!("ipp-{name}.test")),
            ),
        );
        check(&format!("ipp-{name} through a gateway"), &judged);
    }
}
