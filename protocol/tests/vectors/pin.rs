//! A login with OPAQUE, message by message.

use papermesh_protocol::pin::{ClientLogin, KsfMemo, LoginContext, Pin, PinVerifier, ServerLogin};
use papermesh_protocol::seal::{DecoySeed, SessionSecret, StorageKey};
use serde_json::json;

use crate::site::{Counting, HOLDER, PRINTER, node};
use crate::{check, hex};

#[test]
fn pins_are_proved_as_ever() {
    let pin = Pin::new("2468").unwrap();
    let verifier = PinVerifier::register("charlie", &pin, &mut Counting::default()).unwrap();
    let decoys = DecoySeed::derive(&StorageKey::from_bytes([0x71; 32]));
    let session = SessionSecret::from_bytes([0x72; 32]).public();
    let context = LoginContext::new(
        "charlie",
        node(HOLDER).as_bytes(),
        node(PRINTER).as_bytes(),
        &session,
    )
    .unwrap();
    let memo = KsfMemo::new();
    let login = |verifier: Option<&PinVerifier>| {
        let rng = &mut Counting::default();
        let (client, ke1) = ClientLogin::start(&pin, rng).unwrap();
        let (server, ke2) = ServerLogin::respond(verifier, &decoys, &context, &ke1, rng).unwrap();
        (client, ke1, server, ke2)
    };
    let (client, ke1, server, ke2) = login(Some(&verifier));
    let (ke3, printers) = client
        .finish(&pin, &context, &ke2, &memo, &mut Counting::default())
        .unwrap();
    let holders = server.finish(&context, &ke3).unwrap();
    assert_eq!(printers, holders);
    let (_, _, _, decoy) = login(None);
    let vector = json!({
        "name": "PIN 2468 of charlie",
        "pin": "2468",
        "user": "charlie",
        "holder": hex(node(HOLDER).as_bytes()),
        "printer": hex(node(PRINTER).as_bytes()),
        "session_public": hex(session.as_bytes()),
        "verifier": hex(*verifier.to_bytes()),
        "ke1": hex(ke1.as_bytes()),
        "ke2": hex(ke2.as_bytes()),
        "ke3": hex(ke3.as_bytes()),
        "login_key": hex(printers.expose()),
        "decoy_seed": hex(decoys.expose()),
        "decoy_ke2": hex(decoy.as_bytes()),
    });
    let about = "A login. Each side's randomness is the bytes 00, 01, 02 and so on from the start of the login; \
                 the decoy is the answer of a holder that does not know the user.";
    check("pin", about, vec![vector]);
}
