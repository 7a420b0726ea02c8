//! What a page may have done: each is a command that the command line has, too. A user's page
//! reaches that user's jobs only, whatever it asks for.
//!
//! Here is what there is to do, and what a user is told of it; `read` makes it of forms, `perform` has it
//! done.

mod perform;
mod read;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserState;

pub(super) use read::{BadCommand, Typed, Wished};

use super::export::Export;
use super::ticket::Ticket;
use crate::control::message::PolicyChange;
use crate::control::{CommandError, MailCode, Passphrase, TypedPin};

/// Something to be done.
#[derive(Clone, Debug)]
pub(super) enum PortalCommand {
    User(UserCommand),
    Admin(AdminCommand),
}

/// What a user may have done.
#[derive(Clone, Debug)]
pub(super) enum UserCommand {
    Delete {
        number: u32,
        title: String,
    },
    Protect {
        number: u32,
        on: bool,
    },
    Move {
        number: u32,
        to: u32,
    },
    /// Keep the password of a locked document.
    Unlock {
        number: u32,
        password: DocumentPassword,
    },
    ChangePin {
        old: TypedPin,
        new: TypedPin,
    },
    OfferLink,
    /// Let a device outside print for the user, or a guest.
    Share {
        name: Name,
        guest: bool,
    },
    /// Take a print token back, by its id.
    WithdrawToken(String),
    /// Have a code mailed to an address from which the user mails documents, and answer there in this language.
    ClaimMailAddress {
        address: MailAddress,
        language: Option<String>,
    },
    /// Register the address by the code that was mailed there.
    ConfirmMailAddress(MailCode),
    /// Take an address back.
    RemoveMailAddress(MailAddress),
}

/// What an admin may have done.
#[derive(Clone, Debug)]
pub(super) enum AdminCommand {
    Approve {
        code: String,
    },
    /// Send a device away, by its node.
    Refuse {
        node: String,
    },
    Revoke {
        node: String,
        name: String,
    },
    Invite(NewDevice),
    /// Take an invite back, by its id.
    Withdraw(String),
    AddUser(NewUser),
    SetState {
        user: UserId,
        state: UserState,
    },
    Badge {
        user: UserId,
        number: BadgeNumber,
        remove: bool,
    },
    Policy(PolicyChange),
    /// With the line of its provider.
    AddGateway(String),
    /// By its domain.
    RemoveGateway(String),
    /// What was seen at a place, by its id: somebody looked into it.
    Dismiss(String),
    /// A new one at all gateways, for this computer.
    OpenPlace,
    /// One of this computer; none is that of the site.
    ClosePlace(Option<Label>),
    /// Under this passphrase; where the site's key has one, it is the same.
    Export(Passphrase),
    Verify,
}

/// Which device is to be invited.
#[derive(Clone, Debug)]
pub(super) struct NewDevice {
    role: Role,
    name: Option<Name>,
    /// Seconds.
    lifetime: u32,
}

/// Who is to be a user.
#[derive(Clone, Debug)]
pub(super) struct NewUser {
    user: UserId,
    display: Option<Name>,
    badge: Option<BadgeNumber>,
}

/// What a device can be that is invited: nobody becomes an admin by joining.
pub(super) const ROLES: [Role; 4] = [
    Role::Printer,
    Role::Client,
    Role::SharedClient,
    Role::Bootstrap,
];

/// What came of it.
pub(super) enum Done {
    Said(Remark),
    Ticket(Ticket),
    Export(Export),
    /// A code was mailed to this address, and is to be typed.
    CodeMailed(String),
    /// Nothing: what was typed is to be typed once more. These are the words for it.
    Again(&'static str),
}

/// What a user is told.
#[derive(Clone, Debug)]
pub(super) enum Remark {
    Deleted(String),
    Protected {
        title: String,
        on: bool,
    },
    Moved(String),
    Unlocked(String),
    PinChanged {
        outdated: Vec<String>,
    },
    Approved(String),
    Refused,
    Withdrawn,
    Revoked(String),
    Enabled(String),
    Disabled(String),
    BadgeGiven {
        user: String,
        former: Option<String>,
    },
    BadgeTaken(String),
    PolicyChanged,
    GatewayAdded(String),
    GatewayRemoved(String),
    Dismissed(String),
    PlaceOpened,
    PlaceClosed,
    TokenWithdrawn(String),
    MailAddressAdded(String),
    MailAddressRemoved(String),
    Verified {
        records: u64,
        head: String,
    },
    /// What was typed makes no sense; these are the words for it.
    Typed(&'static str),
    /// Wrong PINs are waited for.
    Wait(u64),
    /// In the node's words.
    Failed(CommandError),
}

impl PortalCommand {
    /// Whether it is asked first if that is meant: it cannot be taken back.
    pub(super) const fn is_grave(&self) -> bool {
        matches!(
            self,
            Self::User(UserCommand::Delete { .. })
                | Self::Admin(
                    AdminCommand::Revoke { .. }
                        | AdminCommand::RemoveGateway(_)
                        | AdminCommand::SetState {
                            state: UserState::Disabled,
                            ..
                        }
                )
        )
    }

    /// Whether its user has to prove first to be who opened the page: it gives power to others, or takes
    /// it from them. What takes a secret of its own is proved by that.
    pub(super) const fn needs_proof(&self) -> bool {
        match self {
            Self::User(command) => {
                matches!(
                    command,
                    UserCommand::OfferLink
                        | UserCommand::Share { .. }
                        | UserCommand::ClaimMailAddress { .. }
                )
            }
            Self::Admin(command) => !matches!(
                command,
                AdminCommand::Refuse { .. }
                    | AdminCommand::Withdraw(_)
                    | AdminCommand::Verify
                    | AdminCommand::ClosePlace(_)
                    | AdminCommand::Export(_)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::links::Whose;
    use super::*;
    use crate::pages::Form;

    pub(super) fn read(whose: &Whose, form: &str) -> Result<PortalCommand, BadCommand> {
        PortalCommand::read(whose, &Form::parse(form.as_bytes()).unwrap())
    }

    pub(super) fn charlie() -> Whose {
        Whose::User("charlie".parse().unwrap())
    }

    #[test]
    fn what_gives_power_asks_for_a_proof() {
        for (form, proof) in [
            ("order=approve&code=123456", true),
            ("order=revoke&node=1", true),
            ("order=invite&role=printer", true),
            ("order=add-user&user=dana", true),
            ("order=enable&user=dana", true),
            ("order=disable&user=dana", true),
            ("order=give-badge&user=dana&badge=04A1", true),
            ("order=take-badge&user=dana&badge=04A1", true),
            ("order=policy&login=pin&lifetime=1&bind-badges=off", true),
            ("order=add-gateway&line=papermesh-gateway-1:x", true),
            ("order=remove-gateway&domain=gw.example", true),
            ("order=dismiss&id=0a1b2c3d", true),
            ("order=open-place", true),
            ("order=close-place&label=desk", false),
            ("order=refuse&node=1", false),
            ("order=withdraw&invite=1", false),
            ("order=verify", false),
        ] {
            assert_eq!(
                read(&Whose::Admin, form).unwrap().needs_proof(),
                proof,
                "{form}"
            );
        }
        for form in [
            "order=link",
            "order=share&name=iPad&who=mine",
            "order=claim-address&address=dana@acme.example",
        ] {
            assert!(read(&charlie(), form).unwrap().needs_proof(), "{form}");
        }
        assert!(
            !read(&charlie(), "order=delete&number=7")
                .unwrap()
                .needs_proof()
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let code = read(&charlie(), "order=confirm-address&code=481516");
        assert!(!format!("{:?}", code.unwrap()).contains("481516"));
        let pin = read(&charlie(), "order=pin&old=481516&new=234299&again=234299");
        let passphrase = "order=export&passphrase=481516&again=481516";
        let password = read(&charlie(), "order=unlock&number=7&password=481516");
        for command in [pin, password, read(&Whose::Admin, passphrase)] {
            let shown = format!("{:?}", command.unwrap());
            assert!(
                !shown.contains("481516") && !shown.contains("234299"),
                "{shown}"
            );
        }
    }
}
