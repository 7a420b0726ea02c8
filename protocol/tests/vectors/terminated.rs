//! What a gateway that ends TLS makes of IPP on its way.

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::terminated::rewrite::{Place, Rewriter};
use papermesh_protocol::gateway::terminated::uris::Uris;
use serde_json::{Value, json};

use crate::{check, hex};

const AUTHORITY: &str = "gw.example:631";
const SEGMENT: &str = "expp1%abc.com";
const PLACE: &str = "desk.acme.gw.example";
const OUTSIDE: &str = "ipps://gw.example:631/expp1%abc.com";
const INSIDE: &str = "ipps://desk.acme.gw.example/ipp/print";

fn uris() -> Uris {
    let alias = "expp1@abc.com".parse().unwrap();
    Uris::new(AUTHORITY, SEGMENT, alias, PLACE.parse().unwrap()).unwrap()
}

fn client() -> Client {
    Client::new("198.51.100.7:50123".parse().unwrap(), 8812)
}

fn attribute(tag: u8, name: &str, value: &str) -> Vec<u8> {
    let counted = |text: &str| {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    };
    [vec![tag], counted(name), counted(value)].concat()
}

/// A message of IPP 2.0, with number 7.
fn message(code: u16, groups: &[&[u8]], document: &str) -> Vec<u8> {
    let [high, low] = code.to_be_bytes();
    let begin = [2, 0, high, low, 0, 0, 0, 7];
    [&begin[..], &groups.concat(), &[3], document.as_bytes()].concat()
}

fn operation(uri: &str) -> Vec<u8> {
    [
        vec![1],
        attribute(0x47, "attributes-charset", "utf-8"),
        attribute(0x48, "attributes-natural-language", "en"),
        attribute(0x45, "printer-uri", uri),
    ]
    .concat()
}

fn passed(name: &str, direction: &str, mut rewriter: Rewriter, bytes: &[u8]) -> Value {
    let mut out = Vec::new();
    rewriter.push(bytes, &mut out).unwrap();
    rewriter.finish(&mut out);
    json!({
        "name": name,
        "direction": direction,
        "authority": AUTHORITY,
        "segment": SEGMENT,
        "place": PLACE,
        "client": client().to_string(),
        "message": hex(bytes),
        "passed": hex(out),
    })
}

#[test]
fn messages_are_rewritten_as_ever() {
    let copies = [vec![2], attribute(0x44, "sides", "one-sided")].concat();
    let print = message(2, &[&operation(OUTSIDE), &copies], "%PDF");
    let lying = [vec![2], attribute(0x41, "job-client-addr", "192.0.2.1")].concat();
    let lying = message(5, &[&operation(OUTSIDE), &lying], "");
    let told = [
        vec![2],
        attribute(0x45, "job-uri", "ipps://desk.acme.gw.example/ipp/job/9"),
        attribute(0x45, "job-printer-uri", INSIDE),
        attribute(0x45, "job-more-info", "https://desk.acme.gw.example/"),
        attribute(0x41, "job-client-addr", "198.51.100.7"),
    ]
    .concat();
    let answer = message(0, &[&told], "");
    let with = |place| Rewriter::request(uris(), Some((client(), place)));
    check(
        "terminated",
        "What a gateway in terminated mode makes of IPP messages: inward those of a client, outward those of a place.",
        vec![
            passed(
                "in a header",
                "inward",
                Rewriter::request(uris(), None),
                &print,
            ),
            passed(
                "as job attributes",
                "inward",
                with(Place::Attributes),
                &print,
            ),
            passed(
                "in a group of its own",
                "inward",
                with(Place::Group),
                &print,
            ),
            passed(
                "a client that lies",
                "inward",
                with(Place::Attributes),
                &lying,
            ),
            passed(
                "to Print-Job",
                "outward",
                Rewriter::answer(uris(), 2),
                &answer,
            ),
            passed(
                "to Get-Job-Attributes",
                "outward",
                Rewriter::answer(uris(), 9),
                &answer,
            ),
        ],
    );
}
