//! What a gateway that ends TLS rewrites is the same again on its way back, and no message makes it panic, wait or grow.

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::terminated::rewrite::{Place, Rewriter};
use papermesh_protocol::gateway::terminated::uris::{URI, Uris};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

fn uris() -> Uris {
    let alias = "expp1@abc.com".parse().unwrap();
    let place = "desk.acme.gw.example".parse().unwrap();
    Uris::new("gw.example:631", "expp1%abc.com", alias, place).unwrap()
}

fn client() -> Client {
    Client::new("198.51.100.7:50123".parse().unwrap(), 8812)
}

/// All that a message may be rewritten by.
fn rewriters() -> [Rewriter; 5] {
    let put = |place| Rewriter::request(uris(), Some((client(), place)));
    [
        Rewriter::request(uris(), None),
        put(Place::Attributes),
        put(Place::Group),
        Rewriter::answer(uris(), 2),
        Rewriter::arrived(),
    ]
}

/// The most that a message grows by: a URI to its limit, and once what says who asks.
const GROWTH: usize = 256;

fn uri() -> impl Strategy<Value = String> {
    let scheme = select(vec!["ipp", "ipps", "http", "https", "ippget", "IPPS"]);
    let host = select(vec![
        "gw.example",
        "gw.example:631",
        "desk.acme.gw.example",
        "u:p@gw.example",
        "[::1]:631",
        "elsewhere.example",
    ]);
    let path = select(vec![
        "",
        "/",
        "/expp1%abc.com",
        "/expp1@abc.com/",
        "/expp1%25abc.com/ipp/print",
        "/ipp/print",
        "/ipp/print/Hall",
        "/ipp/printer",
        "/t/pm-1/ipp/print",
        "/expp1%abc.com/expp1%abc.com",
    ]);
    (scheme, host, path, "[?#a]{0,4}")
        .prop_map(|(scheme, host, path, rest)| format!("{scheme}://{host}{path}{rest}"))
}

fn element(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let counted = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    [vec![tag], counted(name.as_bytes()), counted(value)].concat()
}

/// Messages made of what programs and gateways say.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let name = select(vec![
        "",
        "printer-uri",
        "job-client-addr",
        "job-client-port",
        "job-proxy-socket",
        "copies",
    ]);
    let value = prop_oneof![
        uri().prop_map(String::into_bytes),
        vec![any::<u8>(); 4],
        Just(Vec::new()),
        vec(any::<u8>(), 0..40),
    ];
    let element = prop_oneof![
        4 => (select(vec![0x45_u8, 0x21, 0x41, 0x34, 0x37, 0x4a]), name, value)
            .prop_map(|(tag, name, value)| element(tag, name, &value)),
        1 => (1_u8..=0x0f).prop_filter("no end", |tag| *tag != 3).prop_map(|tag| vec![tag]),
    ];
    let code = select(vec![2_u8, 3, 4, 5, 9, 0x0a, 0x0b]);
    (code, vec(element, 0..24), any::<Vec<u8>>()).prop_map(|(code, elements, document)| {
        let begin = [2, 0, 0, code, 0, 0, 0, 1, 1];
        [&begin[..], &elements.concat(), &[3], &document].concat()
    })
}

fn through(mut rewriter: Rewriter, pieces: &[&[u8]]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out).ok()?;
    }
    rewriter.finish(&mut out);
    Some(out)
}

proptest! {
    #[test]
    fn a_uri_is_the_same_after_there_and_back(uri in uri()) {
        let uris = uris();
        if let Some(outside) = uris.outward(&uri) {
            let back = uris.inward(&outside);
            let lower = uri.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            let scheme = lower.unwrap_or_default();
            // Inside, both are protected.
            let secure = match scheme.as_str() { "ipp" => "ipps", "http" => "https", other => other };
            let expected = uri.split_once("://").map(|(_, rest)| format!("{secure}://{rest}"));
            prop_assert_eq!(back, expected);
        }
        if let Some(inside) = uris.inward(&uri) {
            prop_assert!(inside.len() <= URI);
            let outside = uris.outward(&inside);
            prop_assert_eq!(outside.and_then(|outside| uris.inward(&outside)), Some(inside));
        }
    }

    #[test]
    fn no_message_panics_or_grows_beyond_its_limit(bytes in vec(any::<u8>(), 0..600)) {
        for rewriter in rewriters() {
            if let Some(out) = through(rewriter, &[&bytes]) {
                prop_assert!(out.len() <= 2 * bytes.len() + GROWTH);
            }
        }
    }

    #[test]
    fn pieces_are_rewritten_as_the_whole_is(bytes in message(), cuts in vec(any::<Index>(), 0..6)) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.sort_unstable();
        let mut pieces = Vec::new();
        let mut begin = 0;
        for end in ends.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[begin..end]);
            begin = end;
        }
        for rewriter in rewriters() {
            let whole = through(rewriter.clone(), &[&bytes]);
            prop_assert_eq!(through(rewriter, &pieces), whole);
        }
    }

    /// Whatever a program says of who asks, the door hears the gateway's word alone, and in the end nothing of it is
    /// left in the message.
    #[test]
    fn only_the_gateway_says_who_asks(bytes in message()) {
        for place in [Place::Attributes, Place::Group] {
            let put = Rewriter::request(uris(), Some((client(), place)));
            let Some(passed) = through(put, &[&bytes]) else { continue };
            let mut arrived = Rewriter::arrived();
            let mut rest = Vec::new();
            prop_assert!(arrived.push(&passed, &mut rest).is_ok());
            let makes_a_job = matches!(bytes[3], 2 | 3 | 5);
            prop_assert_eq!(arrived.client(), makes_a_job.then(client));
        }
    }
}
