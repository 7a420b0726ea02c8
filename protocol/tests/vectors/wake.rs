//! What a mail carries to a door.

use std::collections::BTreeSet;

use papermesh_protocol::codec;
use papermesh_protocol::gateway::wake::{Door, Letter, Order, Remembered, Wake};
use papermesh_protocol::limits;
use serde_json::{Value, json};

use crate::site::{
    Counting, GATEWAY, HOLDER, NOW, USER, front_desk, judge, letter, sealing, sealing_public,
    state_with_gateway, users, wake,
};
use crate::{check, hex, readable};

/// A letter as it is sealed to the door, and judged by it.
fn sealed(name: &str, wake: Wake, seed: u8) -> Value {
    let order = wake.order;
    let value = readable(&wake);
    let letter = letter(wake, seed);
    let sealed = letter
        .seal(&sealing_public(), &mut Counting::default())
        .unwrap();
    assert_eq!(Letter::open(&sealed, &sealing()).as_ref(), Ok(&letter));
    let (state, users) = (state_with_gateway(), users());
    let door = Door {
        secret: &sealing(),
        judge: judge(&state),
        users: &users,
        places: &BTreeSet::from([front_desk()]),
    };
    let accepted = door.judge(&sealed, &mut Remembered::default()).unwrap();
    assert_eq!(
        (accepted.order, accepted.place, accepted.until),
        (order, front_desk(), NOW + limits::KNOCK_WAIT)
    );
    json!({
        "name": name,
        "signer_seed": hex([seed; 32]),
        "sealing_secret": hex(sealing().expose()),
        "wake": value,
        "letter": hex(codec::encode(&letter, limits::LETTER).unwrap()),
        "sealed": hex(sealed),
    })
}

#[test]
fn wakes_are_sealed_as_ever() {
    let later = NOW + core::time::Duration::from_secs(60);
    let cancel = wake().cancel(later);
    assert_eq!(cancel.order, Order::Cancel);
    let vectors = vec![
        sealed("connect, by a gateway", wake(), GATEWAY),
        sealed("cancel, by a gateway", cancel, GATEWAY),
        sealed("connect, by a member", wake(), HOLDER),
        sealed("connect, by a user", wake(), USER),
    ];
    check(
        "wake",
        "What a mail carries to a door: the letter, and how it is sealed; whoever seals takes fresh encapsulated keys.",
        vectors,
    );
}
