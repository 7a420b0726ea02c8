//! Who has no token outside, or a wrong one, and floods a place.

use std::fs;

use papermesh_tests::command::{Ended, Invocation};
use papermesh_tests::gateway::DOMAIN;
use papermesh_tests::ipp;
use papermesh_tests::network::Namespace;
use papermesh_tests::program;

use super::gateway::{Outside, PRINT_JOB, request};

/// A token that nobody has.
const WRONG: &str = "pm-0123456789abcdefghjkmnpq";

fn curl(from: &Namespace, args: &[&str]) -> Ended {
    Invocation::new(&program::system("curl"), Some(from.name()))
        .args(["-sSk", "-o", "/dev/null", "-D", "-"])
        .args(args)
        .run()
        .succeeded()
}

/// The status of an answer.
fn status(ended: &Ended) -> &str {
    let line = ended.stdout().lines().next().unwrap_or_default();
    line.split(' ').nth(1).unwrap_or_default()
}

/// A scanner of the Internet learns that there is a printer, and not more; it is heard so often, and takes nothing from
/// others, who are told apart by the addresses that arrive.
#[test]
fn a_scanner_learns_little_and_is_not_heard_for_ever() {
    let mut outside = Outside::new();
    let (scanner, _) = outside.passer_by();
    let document = outside.site.document("report.pdf", "report");
    let token = outside.token("phone");
    let asking = outside.site.path("ask.test");
    fs::write(&asking, request("Get-Printer-Attributes", "")).unwrap();
    let ask = |from: &Namespace, token: &str| {
        Invocation::new(&program::system("ipptool"), Some(from.name()))
            .args(["-tvf", document.path_str()])
            .arg(format!("ipps://desk.acme.{DOMAIN}:443/{token}ipp/print"))
            .arg(&asking)
            .run()
    };
    let stranger = ask(&scanner, "");
    let user = ask(&outside.street, &format!("t/{token}/"));
    for (what, told) in [("a stranger", &stranger), ("a user", &user)] {
        assert!(told.is_success(), "{what}: {told:?}");
        let version = told.stdout().contains("printer-firmware-string-version");
        assert_eq!(version, what == "a user", "{what}: {told:?}");
    }
    assert!(stranger.stdout().contains("= desk\n"), "{stranger:?}");
    for secret in ["laptop-1", "printer-1", outside.charlie.id.as_str()] {
        assert!(
            !stranger.stdout().contains(secret),
            "{secret}: {stranger:?}"
        );
    }

    let url = format!("https://desk.acme.{DOMAIN}/ipp/print");
    let get = outside.site.path("get-printer-attributes.ipp");
    let uri = format!("ipps://desk.acme.{DOMAIN}/ipp/print");
    let question = ipp::Request::at(&uri, ipp::GET_PRINTER_ATTRIBUTES, "somebody");
    fs::write(&get, question.document(b"")).unwrap();
    let data = format!("@{}", get.display());
    let post = [
        "-H",
        "Content-Type: application/ipp",
        "--data-binary",
        &data,
        &url,
    ];
    let from = |network: &Namespace| status(&curl(network, &post)).to_owned();
    let heard = (0..200).take_while(|_| from(&scanner) == "200").count();
    // One more every other second, on a machine that needs so long for one.
    assert!((25..150).contains(&heard), "{heard}");
    assert_eq!(from(&scanner), "429");
    assert_eq!(from(&outside.street), "200");
}

/// Whoever guesses tokens waits for each answer, and is not heard any more after ten; another address is, and who has a
/// token prints all along. Programs that show none are told to, however often they ask.
#[test]
fn who_guesses_tokens_is_shut_out_and_nobody_else() {
    let mut outside = Outside::new();
    let (guesser, _) = outside.passer_by();
    let url = format!("https://desk.acme.{DOMAIN}/");
    let guess = format!("{}:{WRONG}", outside.charlie.id);
    let by_path = format!("{url}t/{WRONG}/");
    let guesses: Vec<String> = (0..14)
        .map(|number| match number % 2 {
            0 => status(&curl(&guesser, &["-u", &guess, &url])).to_owned(),
            _ => status(&curl(&guesser, &[&by_path])).to_owned(),
        })
        .collect();
    assert_eq!(guesses[..2], ["401", "404"], "{guesses:?}");
    assert!(guesses.iter().filter(|status| *status != "403").count() >= 10);
    assert_eq!(guesses.last().unwrap(), "403", "{guesses:?}");

    let token = outside.token("phone");
    let good = format!("{}:{token}", outside.charlie.id);
    for from in [&guesser, &outside.street] {
        assert_eq!(status(&curl(from, &["-u", &good, &url])), "200");
    }
    assert_eq!(status(&curl(&outside.street, &["-u", &guess, &url])), "401");
    // Windows asks so for ever, and shows nothing.
    for _ in 0..40 {
        assert_eq!(status(&curl(&outside.street, &[&url])), "401");
    }
    let document = outside.site.document("report.pdf", "report");
    let printed = Invocation::new(&program::system("ipptool"), Some(outside.street.name()))
        .args(["-tf", document.path_str()])
        .arg(format!("ipps://{good}@desk.acme.{DOMAIN}:443/ipp/print"))
        .arg(PRINT_JOB)
        .run();
    assert!(printed.is_success(), "{printed:?}");
    assert!(!outside.laptop.log().contains(&token));
    assert!(!outside.laptop.log().contains(WRONG));
}

/// A page whose address is a token tells no other site where its reader came from, and leads to none.
#[test]
fn an_address_with_a_token_goes_nowhere_else() {
    let outside = Outside::new();
    let token = outside.token("phone");
    let page = curl(
        &outside.street,
        &[&format!("https://desk.acme.{DOMAIN}/t/{token}/")],
    );
    assert_eq!(status(&page), "200", "{page:?}");
    let headers = page.stdout().to_ascii_lowercase();
    assert!(headers.contains("referrer-policy: same-origin"), "{page:?}");
    let shown = Invocation::new(&program::system("curl"), Some(outside.street.name()))
        .args(["-sSk"])
        .arg(format!("https://desk.acme.{DOMAIN}/t/{token}/"))
        .run()
        .succeeded();
    for elsewhere in ["href=\"http", "src=\"http", "action=\"http", "href=\"//"] {
        assert!(
            !shown.stdout().contains(elsewhere),
            "{elsewhere}: {shown:?}"
        );
    }
}
