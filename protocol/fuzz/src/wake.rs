//! What comes to a door by mail.

use std::collections::BTreeSet;

use papermesh_protocol::codec;
use papermesh_protocol::gateway::wake::{Door, Letter, Remembered};
use papermesh_protocol::limits;
use papermesh_protocol::seal::wrap;

use super::site::{
    Counting, front_desk, judge, sealing, sealing_public, state_with_gateway, users,
};

/// A letter as it came, and as if somebody had sealed it to the door, which a fuzzer would never find.
pub(crate) fn wake(bytes: &[u8]) {
    let (state, users, secret) = (state_with_gateway(), users(), sealing());
    let places = BTreeSet::from([front_desk()]);
    let door = Door {
        secret: &secret,
        judge: judge(&state),
        users: &users,
        places: &places,
    };
    let mut remembered = Remembered::default();
    assert!(door.judge(bytes, &mut remembered).is_err());
    if let Ok(letter) = codec::decode::<Letter>(bytes, limits::LETTER) {
        assert_eq!(
            codec::encode(&letter, limits::LETTER).as_deref(),
            Ok(bytes),
            "one letter, two encodings"
        );
    }
    let sealed = wrap::hpke_seal(
        &sealing_public(),
        b"papermesh/wake/1",
        b"",
        bytes,
        &mut Counting::default(),
    );
    let Ok(sealed) = sealed else { return };
    if door.judge(&sealed, &mut remembered).is_ok() {
        assert!(door.judge(&sealed, &mut remembered).is_err(), "taken twice");
    }
    assert!(remembered.rows().count() <= 1);
}
