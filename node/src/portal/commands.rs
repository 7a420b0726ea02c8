//! What a page may have done: each is a command that the command line has, too. A user's page
//! reaches that user's jobs only, whatever it asks for.

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserState;
use papermesh_services::holder::HeldView;
use zeroize::Zeroizing;

use super::export::Export;
use super::limits;
use super::links::Whose;
use super::ticket::{Purpose, Ticket};
use crate::control::message::{
    AddUser, Approve, ChangeBadge, ChangePin, DeleteJob, ExportSite, Invite, ListJobs, ListMembers,
    MoveJob, OfferLink, PolicyChange, ProtectJob, Refuse, Revoke, SetUserState, SitePolicy,
    UnlockJob, VerifyAudit, WithdrawInvite,
};
use crate::control::{
    Answer, CommandError, ErrorCode, Events, Io, Passphrase, Service, TypedPin, ask,
};
use crate::pages::Form;

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

/// Who is to be a user, as it was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) user: String,
    pub(super) display: String,
    pub(super) badge: String,
}

/// Which device is to be invited, as it was chosen and typed.
#[derive(Clone, Debug)]
pub(super) struct Wished {
    pub(super) role: Role,
    pub(super) name: String,
    /// Seconds.
    pub(super) lifetime: u32,
}

/// What a device can be that is invited: nobody becomes an admin by joining.
pub(super) const ROLES: [Role; 4] = [
    Role::Printer,
    Role::Client,
    Role::SharedClient,
    Role::Bootstrap,
];

/// Why a form is no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCommand {
    /// There is no such thing on this page.
    Unknown,
    /// What was typed makes no sense; these are the words for it.
    Typed(&'static str),
}

/// What came of it.
pub(super) enum Done {
    Said(Remark),
    Ticket(Ticket),
    Export(Export),
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

impl Typed {
    pub(super) fn read(form: &Form) -> Self {
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
    pub(super) fn read(form: &Form) -> Self {
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
    pub(super) fn read(whose: &Whose, form: &Form) -> Result<Self, BadCommand> {
        let name = form.get("order").unwrap_or_default();
        match whose {
            Whose::User(_) => UserCommand::read(name, form).map(Self::User),
            Whose::Admin => AdminCommand::read(name, form).map(Self::Admin),
        }
    }

    /// Whether it is asked first if that is meant: it cannot be taken back.
    pub(super) const fn is_grave(&self) -> bool {
        matches!(
            self,
            Self::User(UserCommand::Delete { .. })
                | Self::Admin(
                    AdminCommand::Revoke { .. }
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
            Self::User(command) => matches!(command, UserCommand::OfferLink),
            Self::Admin(command) => !matches!(
                command,
                AdminCommand::Refuse { .. }
                    | AdminCommand::Withdraw(_)
                    | AdminCommand::Verify
                    | AdminCommand::Export(_)
            ),
        }
    }

    /// The same with what people call what it is about.
    pub(super) async fn named<S: Service>(self, service: &S, whose: &Whose) -> Answer<Self> {
        Ok(match (self, whose) {
            (Self::User(UserCommand::Delete { number, .. }), Whose::User(user)) => {
                let title = own(service, user, number).await?.summary.title;
                Self::User(UserCommand::Delete { number, title })
            }
            (Self::Admin(AdminCommand::Revoke { node, .. }), _) => {
                let members = ask(service, ListMembers {}).await?;
                let mut members = members.into_iter();
                let member = members.find(|member| member.node.to_string() == node);
                let name = member.ok_or_else(|| {
                    CommandError::new(ErrorCode::NotFound, "this device is no longer a member")
                })?;
                let name = name.name.to_string();
                Self::Admin(AdminCommand::Revoke { node, name })
            }
            (command, _) => command,
        })
    }

    /// Has it done. Must not be dropped half way.
    pub(super) async fn perform<S: Service>(
        &self,
        service: &S,
        whose: &Whose,
        passphrase: Option<Passphrase>,
    ) -> Answer<Done> {
        match (self, whose) {
            (Self::User(command), Whose::User(user)) => command.perform(service, user).await,
            (Self::Admin(command), Whose::Admin) => command.perform(service, passphrase).await,
            _ => Err(CommandError::new(
                ErrorCode::Denied,
                "this page cannot do that",
            )),
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
            _ => return Err(BadCommand::Unknown),
        })
    }

    async fn perform<S: Service>(&self, service: &S, user: &UserId) -> Answer<Done> {
        Ok(Done::Said(match self {
            Self::Delete { number, .. } => {
                let job = own(service, user, *number).await?.summary.job;
                let deleted = ask(service, DeleteJob { job: job.into() }).await?;
                Remark::Deleted(deleted.summary.title)
            }
            Self::Protect { number, on } => {
                let (job, on) = (own(service, user, *number).await?.summary.job, *on);
                let held = ask(
                    service,
                    ProtectJob {
                        job: job.into(),
                        on,
                    },
                )
                .await?;
                Remark::Protected {
                    title: held.summary.title,
                    on,
                }
            }
            Self::Move { number, to } => {
                let (job, position) = (own(service, user, *number).await?.summary.job, *to);
                let moved = ask(
                    service,
                    MoveJob {
                        job: job.into(),
                        position,
                    },
                )
                .await?;
                Remark::Moved(moved.summary.title)
            }
            Self::Unlock { number, password } => {
                let job = own(service, user, *number).await?.summary.job;
                let password = password.clone();
                match ask(
                    service,
                    UnlockJob {
                        job: job.into(),
                        password,
                    },
                )
                .await
                {
                    Ok(held) => Remark::Unlocked(held.summary.title),
                    Err(error) if error.code == ErrorCode::Denied => {
                        return Ok(Done::Again("unlock-wrong"));
                    }
                    Err(error) => return Err(error),
                }
            }
            Self::ChangePin { old, new } => {
                let changing = ChangePin {
                    user: Some(user.clone()),
                    old: old.clone(),
                    new: new.clone(),
                };
                match ask(service, changing).await {
                    Ok(changed) => Remark::PinChanged {
                        outdated: changed.outdated.iter().map(ToString::to_string).collect(),
                    },
                    Err(error) => match (error.code, error.retry_after) {
                        (ErrorCode::Denied, _) => Remark::Typed("pin-wrong"),
                        (ErrorCode::Usage, _) => Remark::Typed("pin-odd"),
                        (ErrorCode::Busy, Some(wait)) => Remark::Wait(wait.div_ceil(1000)),
                        _ => return Err(error),
                    },
                }
            }
            Self::OfferLink => {
                let offering = OfferLink {
                    user: Some(user.clone()),
                    lifetime: limits::LINK_TICKET,
                };
                let offer = ask(service, offering).await?;
                return Ok(Done::Ticket(Ticket {
                    purpose: Purpose::Link,
                    name: offer.user.to_string(),
                    line: Zeroizing::new(offer.ticket),
                    expires_at: offer.expires_at,
                }));
            }
        }))
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

    async fn perform<S: Service>(
        &self,
        service: &S,
        passphrase: Option<Passphrase>,
    ) -> Answer<Done> {
        Ok(Done::Said(match self.clone() {
            Self::Approve { code } => {
                // Nobody waits for what happens meanwhile.
                let (events, _) = Events::channel();
                let approving = service.handle(Approve { code, passphrase }, Io::telling(events));
                match approving.await {
                    Ok(member) => Remark::Approved(member.name.to_string()),
                    Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Usage) => {
                        return Ok(Done::Again("digits-wrong"));
                    }
                    Err(error) => return Err(error),
                }
            }
            Self::Refuse { node } => {
                ask(service, Refuse { device: node }).await?;
                Remark::Refused
            }
            Self::Revoke { node, .. } => {
                let revoked = ask(
                    service,
                    Revoke {
                        node,
                        passphrase,
                        root: None,
                        keep_key: false,
                    },
                )
                .await?;
                Remark::Revoked(revoked.name.to_string())
            }
            Self::Invite(NewDevice {
                role,
                name,
                lifetime,
            }) => {
                let issued = ask(
                    service,
                    Invite {
                        roles: vec![role],
                        name,
                        lifetime,
                        passphrase,
                    },
                )
                .await?;
                return Ok(Done::Ticket(Ticket {
                    purpose: Purpose::Join { role },
                    name: issued.name.map(|name| name.to_string()).unwrap_or_default(),
                    line: Zeroizing::new(issued.invite),
                    expires_at: issued.expires_at,
                }));
            }
            Self::Withdraw(invite) => {
                ask(service, WithdrawInvite { invite }).await?;
                Remark::Withdrawn
            }
            Self::AddUser(NewUser {
                user,
                display,
                badge,
            }) => {
                let issued = ask(
                    service,
                    AddUser {
                        user,
                        display,
                        groups: Vec::new(),
                        badge,
                        lifetime: limits::USER_TICKET,
                        passphrase,
                    },
                )
                .await?;
                return Ok(Done::Ticket(Ticket {
                    purpose: Purpose::Enroll {
                        again: issued.enrolled,
                    },
                    name: issued.display.to_string(),
                    line: Zeroizing::new(issued.ticket),
                    expires_at: issued.expires_at,
                }));
            }
            Self::SetState { user, state } => {
                let changing = SetUserState {
                    user,
                    state,
                    passphrase,
                };
                let user = ask(service, changing).await?;
                match user.state {
                    UserState::Active => Remark::Enabled(user.display.to_string()),
                    UserState::Disabled => Remark::Disabled(user.display.to_string()),
                }
            }
            Self::Badge {
                user,
                number,
                remove,
            } => {
                let changing = ChangeBadge {
                    user,
                    number,
                    remove,
                    passphrase,
                };
                let changed = ask(service, changing).await?;
                let user = changed.user.display.to_string();
                match remove {
                    true => Remark::BadgeTaken(user),
                    false => Remark::BadgeGiven {
                        user,
                        former: changed.former_owner.map(|former| former.to_string()),
                    },
                }
            }
            Self::Policy(change) => {
                let changing = SitePolicy {
                    change: Some(change),
                    passphrase,
                };
                ask(service, changing).await?;
                Remark::PolicyChanged
            }
            Self::Export(passphrase) => {
                return match ask(service, ExportSite { passphrase }).await {
                    Ok(exported) => Ok(Done::Export(Export::of(exported))),
                    Err(error) if error.code == ErrorCode::PassphraseWrong => {
                        Ok(Done::Again("export-wrong"))
                    }
                    Err(error) => Err(error),
                };
            }
            Self::Verify => {
                let verified = ask(service, VerifyAudit::default()).await?;
                Remark::Verified {
                    records: verified.records,
                    head: verified.head,
                }
            }
        }))
    }
}

/// The user's own job with this number; nobody else's has one here.
async fn own<S: Service>(service: &S, user: &UserId, number: u32) -> Answer<HeldView> {
    let user = Some(user.clone());
    let jobs = ask(service, ListJobs { user: user.clone() }).await?;
    let mut jobs = jobs.into_iter();
    jobs.find(|job| job.number == number && Some(&job.user) == user.as_ref())
        .ok_or_else(|| CommandError::new(ErrorCode::NotFound, "this job is no longer here"))
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
    use super::*;

    fn read(whose: &Whose, form: &str) -> Result<PortalCommand, BadCommand> {
        PortalCommand::read(whose, &Form::parse(form.as_bytes()).unwrap())
    }

    fn charlie() -> Whose {
        Whose::User("charlie".parse().unwrap())
    }

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
        assert!(read(&charlie(), "order=link").unwrap().needs_proof());
        assert!(
            !read(&charlie(), "order=delete&number=7")
                .unwrap()
                .needs_proof()
        );
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

    #[test]
    fn secrets_are_not_shown() {
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
