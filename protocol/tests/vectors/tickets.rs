//! Tickets as lines of text, and the digits that two people compare.

use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::invite::{Invite, LinkTicket, TicketSecret, UserTicket};
use papermesh_protocol::join::digits::Compared;
use papermesh_protocol::join::{Commitment, Nonce, Terms};
use papermesh_protocol::limits;
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::site::{ADMIN, HOLDER, NOW, charlie, node, sealing_public, site};
use crate::{check, hex, readable};

const SECRET: TicketSecret = TicketSecret::from_bytes([0x80; 16]);

#[test]
fn tickets_are_written_as_ever() {
    let addresses = vec![ByteBuf::from([4, 192, 168, 1, 2, 6, 0x1f, 0x90])];
    let expires_at = NOW + limits::INVITE_LIFETIME;
    let invite = Invite {
        site: site(),
        admin: node(ADMIN),
        addresses: addresses.clone(),
        secret: SECRET,
        roles: Roles::of(&[Role::Printer]),
        name: Some("Drucker im Flur".parse().unwrap()),
        expires_at,
    };
    let user = UserTicket {
        site: site(),
        admin: node(ADMIN),
        addresses: addresses.clone(),
        secret: SECRET,
        user: charlie(),
        expires_at,
    };
    let link = LinkTicket {
        site: site(),
        first: node(HOLDER),
        addresses,
        secret: SECRET,
        user: charlie(),
        expires_at,
    };
    let lines = [
        invite.to_text().unwrap(),
        user.to_text().unwrap(),
        link.to_text().unwrap(),
    ];
    assert_eq!(lines[0].parse::<Invite>().unwrap(), invite);
    assert_eq!(lines[1].parse::<UserTicket>().unwrap(), user);
    assert_eq!(lines[2].parse::<LinkTicket>().unwrap(), link);
    let values = [readable(&invite), readable(&user), readable(&link)];
    let vectors = ["invite", "user ticket", "link ticket"]
        .into_iter()
        .zip(values.into_iter().zip(&lines))
        .map(|(name, (value, line))| {
            json!({ "name": name, "value": value, "line": line.as_str(), "digest": hex(SECRET.digest().as_bytes()) })
        })
        .collect();
    check(
        "tickets",
        "Tickets as lines of text; `digest` is what the issuer keeps of the secret.",
        vectors,
    );
}

#[test]
fn digits_are_computed_as_ever() {
    let terms = Terms {
        sealing: sealing_public(),
        name: "Empfang".parse().unwrap(),
        roles: Roles::of(&[Role::Printer]),
    };
    let site_name = "Werk Nord".parse().unwrap();
    let vectors = [(1, 2), (1, 3), (4, 2)]
        .into_iter()
        .map(|(joiner, admin)| {
            let compared = Compared {
                site: site(),
                site_name: &site_name,
                joiner: node(HOLDER),
                admin: node(ADMIN),
                joiner_nonce: Nonce::from_bytes([joiner; 32]),
                admin_nonce: Nonce::from_bytes([admin; 32]),
                terms: &terms,
            };
            let commitment = Commitment::new(
                compared.joiner_nonce,
                compared.joiner,
                compared.admin,
                &terms,
            )
            .unwrap();
            json!({
                "name": format!("nonces {joiner} and {admin}"),
                "compared": readable(&compared),
                "commitment": readable(&commitment),
                "digits": compared.digits().unwrap().to_string(),
            })
        })
        .collect();
    check(
        "digits",
        "The commitment of the joining device, and the digits on both screens.",
        vectors,
    );
}
