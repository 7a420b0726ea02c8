//! Reading forms: what a user typed and chose becomes a command, or is named as what makes no sense.

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::user::UserState;
use zeroize::Zeroizing;

use super::super::limits;
use super::super::links::Whose;
use super::{AdminCommand, NewDevice, NewUser, PortalCommand, ROLES, UserCommand};
use crate::control::message::PolicyChange;
use crate::control::{MailCode, Passphrase, TypedPin};
use crate::pages::Form;

/// Who is to be a user, as it was typed.
#[derive(Clone, Debug, Default)]
pub(in crate::portal) struct Typed {
    pub(in crate::portal) user: String,
    pub(in crate::portal) display: String,
    pub(in crate::portal) badge: String,
}

/// Which device is to be invited, as it was chosen and typed.
#[derive(Clone, Debug)]
pub(in crate::portal) struct Wished {
    pub(in crate::portal) role: Role,
    pub(in crate::portal) name: String,
    /// Seconds.
    pub(in crate::portal) lifetime: u32,
}

/// Why a form is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::portal) enum BadCommand {
    /// There is no such thing on this page.
    Unknown,
    /// What was typed makes no sense; these are the words for it.
    Typed(&'static str),
}

impl Typed {
    pub(in crate::portal) fn read(form: &Form) -> Self {
        let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
        Self {
            user: text("user"),
            display: text("display"),
            badge: text("badge"),
        }
    }
}

impl Default for Wished {
    fn default() -> Self {
        Self {
            role: ROLES[0],
            name: String::new(),
            lifetime: limits::INVITES[0],
        }
    }
}

impl Wished {
    /// What is not among the choices is the first of them.
    pub(in crate::portal) fn read(form: &Form) -> Self {
        let role = form.get("role").unwrap_or_default();
        let role = ROLES.into_iter().find(|known| known.as_str() == role);
        let first = Self::default();
        Self {
            role: role.unwrap_or(first.role),
            name: form.get("name").unwrap_or_default().trim().to_owned(),
            lifetime: number(form, "lifetime").unwrap_or(first.lifetime),
        }
    }
}

impl PortalCommand {
    /// Reads it from a form.
    pub(in crate::portal) fn read(whose: &Whose, form: &Form) -> Result<Self, BadCommand> {
        let name = form.get("order").unwrap_or_default();
        match whose {
            Whose::User(_) => UserCommand::read(name, form).map(Self::User),
            Whose::Admin => AdminCommand::read(name, form).map(Self::Admin),
        }
    }
}

impl UserCommand {
    fn read(name: &str, form: &Form) -> Result<Self, BadCommand> {
        let number = || number(form, "number");
        Ok(match name {
            "delete" => Self::Delete {
                number: number()?,
                title: String::new(),
            },
            "protect" => Self::Protect {
                number: number()?,
                on: form.has("on"),
            },
            "move" => Self::Move {
                number: number()?,
                to: self::number(form, "to")?.max(1),
            },
            "unlock" => Self::Unlock {
                number: number()?,
                password: DocumentPassword::new(form.get("password").unwrap_or_default())
                    .map_err(|_| BadCommand::Typed("unlock-missing"))?,
            },
            "pin" => {
                let typed = |name| {
                    let text = form.get(name).unwrap_or_default();
                    TypedPin::new(Zeroizing::new(text.to_owned()))
                        .map_err(|_| BadCommand::Typed("pin-missing"))
                };
                let (old, new, again) = (typed("old")?, typed("new")?, typed("again")?);
                if new != again {
                    return Err(BadCommand::Typed("pin-differs"));
                }
                Self::ChangePin { old, new }
            }
            "link" => Self::OfferLink,
            "share" => {
                let name = form.get("name").unwrap_or_default().trim().parse();
                Self::Share {
                    name: name.map_err(|_| BadCommand::Typed("typed-name"))?,
                    guest: match form.get("who") {
                        Some("guest") => true,
                        Some("mine") => false,
                        _ => return Err(BadCommand::Unknown),
                    },
                }
            }
            "withdraw-token" => {
                let token = form.get("token").ok_or(BadCommand::Unknown)?;
                Self::WithdrawToken(token.to_owned())
            }
            "claim-address" => Self::ClaimMailAddress {
                address: address(form)?,
                language: form.get("language").map(str::to_owned),
            },
            "confirm-address" => {
                let code = form.get("code").unwrap_or_default().to_owned();
                let code = MailCode::new(Zeroizing::new(code));
                Self::ConfirmMailAddress(code.map_err(|_| BadCommand::Typed("mail-code-wrong"))?)
            }
            "remove-address" => Self::RemoveMailAddress(address(form)?),
            _ => return Err(BadCommand::Unknown),
        })
    }
}

impl AdminCommand {
    fn read(name: &str, form: &Form) -> Result<Self, BadCommand> {
        let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
        let user = || {
            text("user")
                .parse()
                .map_err(|_| BadCommand::Typed("typed-user"))
        };
        Ok(match name {
            "approve" => Self::Approve { code: text("code") },
            "refuse" => Self::Refuse { node: text("node") },
            "revoke" => Self::Revoke {
                node: text("node"),
                name: String::new(),
            },
            "invite" => {
                let Wished {
                    role,
                    name,
                    lifetime,
                } = Wished::read(form);
                let name = Some(name).filter(|name| !name.is_empty());
                let name = name.map(|name| name.parse()).transpose();
                Self::Invite(NewDevice {
                    role,
                    name: name.map_err(|_| BadCommand::Typed("typed-name"))?,
                    lifetime,
                })
            }
            "withdraw" => Self::Withdraw(text("invite")),
            "add-user" => {
                let optional = |name| Some(text(name)).filter(|text| !text.is_empty());
                let display = optional("display").map(|name| name.parse());
                Self::AddUser(NewUser {
                    user: user()?,
                    display: display
                        .transpose()
                        .map_err(|_| BadCommand::Typed("typed-name"))?,
                    badge: optional("badge").map(|number| BadgeNumber::of(&number)),
                })
            }
            "enable" | "disable" => Self::SetState {
                user: user()?,
                state: match name {
                    "enable" => UserState::Active,
                    _ => UserState::Disabled,
                },
            },
            "give-badge" | "take-badge" => {
                let number = text("badge");
                if number.is_empty() {
                    return Err(BadCommand::Typed("typed-badge"));
                }
                Self::Badge {
                    user: user()?,
                    number: BadgeNumber::of(&number),
                    remove: name == "take-badge",
                }
            }
            "policy" => Self::Policy(PolicyChange {
                login: Some(match form.get("login").unwrap_or_default() {
                    "badge+pin" => LoginPolicy::BadgeAndPin,
                    "pin" => LoginPolicy::Pin,
                    "badge" => LoginPolicy::Badge,
                    _ => return Err(BadCommand::Unknown),
                }),
                job_lifetime: Some(number(form, "lifetime")?),
                bind_badges: Some(match form.get("bind-badges") {
                    Some("on") => true,
                    Some("off") => false,
                    _ => return Err(BadCommand::Unknown),
                }),
                // Set on the command line.
                pin_length: None,
            }),
            "add-gateway" => match text("line") {
                line if line.is_empty() => return Err(BadCommand::Typed("gateway-missing")),
                line => Self::AddGateway(line),
            },
            "remove-gateway" => Self::RemoveGateway(text("domain")),
            "dismiss" => Self::Dismiss(text("id")),
            "open-place" => Self::OpenPlace,
            "close-place" => Self::ClosePlace(match text("label") {
                label if label.is_empty() => None,
                label => Some(label.parse().map_err(|_| BadCommand::Unknown)?),
            }),
            "export" => {
                let typed = |name| {
                    let text = form.get(name).unwrap_or_default();
                    Passphrase::new(Zeroizing::new(text.to_owned()))
                        .map_err(|_| BadCommand::Typed("export-missing"))
                };
                let (passphrase, again) = (typed("passphrase")?, typed("again")?);
                if passphrase != again {
                    return Err(BadCommand::Typed("export-differs"));
                }
                Self::Export(passphrase)
            }
            "verify" => Self::Verify,
            _ => return Err(BadCommand::Unknown),
        })
    }
}

fn address(form: &Form) -> Result<MailAddress, BadCommand> {
    let address = form.get("address").unwrap_or_default().trim().parse();
    address.map_err(|_| BadCommand::Typed("typed-mail"))
}

fn number(form: &Form, name: &str) -> Result<u32, BadCommand> {
    form.numbers(name)
        .first()
        .copied()
        .ok_or(BadCommand::Unknown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{charlie, read};
    use super::*;

    #[test]
    fn a_page_has_its_own_orders_only() {
        assert!(
            read(&charlie(), "order=delete&number=7")
                .unwrap()
                .is_grave()
        );
        for form in [
            "order=revoke&node=1",
            "order=verify",
            "order=invite&role=printer",
            "order=export&passphrase=1&again=1",
            "order=delete",
            "order=",
            "",
        ] {
            assert_eq!(read(&charlie(), form).unwrap_err(), BadCommand::Unknown);
        }
        assert!(
            read(&Whose::Admin, "order=revoke&node=1")
                .unwrap()
                .is_grave()
        );
        for form in ["order=delete&number=7", "order=pin&old=1&new=2&again=2"] {
            assert_eq!(read(&Whose::Admin, form).unwrap_err(), BadCommand::Unknown);
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (form, words) in [
            ("order=add-user&user=a/b", "typed-user"),
            ("order=give-badge&user=charlie&badge=", "typed-badge"),
            ("order=invite&role=printer&name=%00", "typed-name"),
            ("order=export&passphrase=4711&again=", "export-missing"),
            ("order=export&passphrase=4711&again=4712", "export-differs"),
        ] {
            let bad = read(&Whose::Admin, form).unwrap_err();
            assert_eq!(bad, BadCommand::Typed(words));
        }
        for (form, words) in [
            ("order=pin&old=1111&new=2222&again=2223", "pin-differs"),
            ("order=pin&old=&new=2222&again=2222", "pin-missing"),
            ("order=unlock&number=7&password=", "unlock-missing"),
            ("order=claim-address&address=dana", "typed-mail"),
        ] {
            assert_eq!(
                read(&charlie(), form).unwrap_err(),
                BadCommand::Typed(words)
            );
        }
    }

    #[test]
    fn nobody_is_invited_as_an_admin() {
        for role in ["admin", "", "printer,admin"] {
            let form = format!("role={role}&lifetime=x");
            let wished = Wished::read(&Form::parse(form.as_bytes()).unwrap());
            assert_eq!(wished.role, Role::Printer);
            assert_eq!(wished.lifetime, limits::INVITES[0]);
        }
        let form = Form::parse(b"role=shared-client&name=+hall+&lifetime=86400").unwrap();
        let wished = Wished::read(&form);
        assert_eq!(wished.role, Role::SharedClient);
        assert_eq!((&*wished.name, wished.lifetime), ("hall", 86_400));
    }
}
