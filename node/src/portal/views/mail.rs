//! What is shown of documents that come by mail: the addresses from which a user sends them.

use super::View;
use super::line::{Button, Line, Lines, Saying};
use crate::control::message::{MailAddresses, UserMailAddress};
use crate::pages::describe::moment;

/// A user's addresses, and one more; nothing where no mail is read and there are none.
pub(super) fn addresses(view: &View<'_>, mail: &MailAddresses) -> Option<Lines> {
    let t = view.t();
    if mail.to.is_none() && mail.addresses.is_empty() {
        return None;
    }
    let line = |known: &UserMailAddress| {
        let address = known.address.as_str();
        let remove = Button::command(
            format!("remove-{address}"),
            &[("order", "remove-address"), ("address", address)],
        );
        Line {
            id: format!("address-{address}"),
            icon: "user",
            title: address.to_owned(),
            said: vec![Saying::at(t.say("mail-since"), moment(known.since))],
            buttons: vec![
                remove
                    .looking("bin", t.say("mail-remove").as_ref())
                    .about(address)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    let new = mail.to.as_ref().map(|to| {
        let add = Button::ask("add-address", &[("what", "mail-address")]);
        Line {
            id: "new-address".to_owned(),
            icon: "plus",
            title: t.say("mail-new").into_owned(),
            said: vec![
                Saying::plain(t.say_with("mail-new-text", [("address", to.as_str().into())])),
                Saying::plain(t.say("mail-clear")),
            ],
            buttons: vec![add.looking("plus", t.say("mail-add").as_ref())],
            ..Line::default()
        }
    });
    Some(Lines {
        title: Some(t.say("mail-title").into_owned()),
        ..Lines::of(mail.addresses.iter().map(line).chain(new).collect(), "")
    })
}
