//! Doing: a command is put to the node, and what comes of it is put as the page tells it.

use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserState;
use papermesh_services::holder::HeldView;
use zeroize::Zeroizing;

use super::super::export::Export;
use super::super::limits;
use super::super::links::Whose;
use super::super::ticket::{Purpose, Ticket};
use super::{AdminCommand, Done, NewDevice, NewUser, PortalCommand, Remark, UserCommand};
use crate::control::message::{
    AddGateway, AddUser, Approve, ChangeBadge, ChangePin, ClaimMailAddress, ClosePlace,
    ConfirmMailAddress, DeleteJob, DismissMismatch, ExportSite, GetStatus, Invite, ListGateways,
    ListJobs, ListMembers, ListTokens, MakeToken, MoveJob, OfferLink, OpenPlace, ProtectJob,
    Refuse, RemoveGateway, RemoveMailAddress, Revoke, SetUserState, SitePolicy, Token, UnlockJob,
    VerifyAudit, WithdrawInvite, WithdrawToken,
};
use crate::control::{Answer, CommandError, ErrorCode, Events, Io, Passphrase, Service, ask};
use crate::share::Share;

impl PortalCommand {
    /// The same with what people call what it is about.
    pub(in crate::portal) async fn named<S: Service>(
        self,
        service: &S,
        whose: &Whose,
    ) -> Answer<Self> {
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
    pub(in crate::portal) async fn perform<S: Service>(
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
            Self::Share { name, guest } => {
                let status = ask(service, GetStatus {}).await?;
                // Nothing is made that nobody can be told where to use.
                let gateways = ask(service, ListGateways {}).await?;
                let Some(place) = gateways.open_place(None) else {
                    return Ok(Done::Again("share-nowhere"));
                };
                let made = match *guest {
                    true => MakeToken::for_guest(name.clone()),
                    false => MakeToken::named(name.clone()),
                };
                let made = MakeToken {
                    user: Some(user.clone()),
                    ..made
                };
                let made = ask(service, made).await?;
                let token = made.token.parse().map_err(|_| {
                    CommandError::new(ErrorCode::BadData, "the print token cannot be read")
                })?;
                let share = Share {
                    place,
                    site: &status.site.name,
                    user,
                    token: &token,
                };
                return Ok(Done::Ticket(Ticket {
                    purpose: Purpose::Print,
                    name: made.view.name.to_string(),
                    line: share.page(),
                    expires_at: made.view.until,
                }));
            }
            Self::WithdrawToken(token) => {
                // Only the user's own: a page reaches nobody else's.
                let user = Some(user.clone());
                let own = ask(service, ListTokens { user }).await?;
                let is_meant = |own: &Token| own.id.to_string() == *token;
                let own = own.into_iter().find(is_meant).ok_or_else(|| {
                    CommandError::new(ErrorCode::NotFound, "this print token is gone")
                })?;
                let withdrawing = WithdrawToken {
                    token: own.id.to_string(),
                };
                let withdrawn = ask(service, withdrawing).await?;
                Remark::TokenWithdrawn(withdrawn.name.to_string())
            }
            Self::ClaimMailAddress { address, language } => {
                let claim = ClaimMailAddress {
                    user: Some(user.clone()),
                    address: address.clone(),
                    language: language.clone(),
                };
                let claimed = ask(service, claim).await?;
                return Ok(Done::CodeMailed(claimed.address.to_string()));
            }
            Self::ConfirmMailAddress(code) => {
                let confirm = ConfirmMailAddress {
                    user: Some(user.clone()),
                    code: code.clone(),
                };
                match ask(service, confirm).await {
                    Ok(confirmed) => Remark::MailAddressAdded(confirmed.address),
                    Err(error) if error.code == ErrorCode::Denied => {
                        return Ok(Done::Again("mail-code-wrong"));
                    }
                    Err(error) => return Err(error),
                }
            }
            Self::RemoveMailAddress(address) => {
                let remove = RemoveMailAddress {
                    user: Some(user.clone()),
                    address: address.clone(),
                };
                Remark::MailAddressRemoved(ask(service, remove).await?.address)
            }
        }))
    }
}

impl AdminCommand {
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
            Self::AddGateway(line) => {
                // Where it is in this network is said on the command line.
                let adding = AddGateway {
                    line,
                    within: Vec::new(),
                    passphrase,
                };
                match ask(service, adding).await {
                    Ok(gateway) => Remark::GatewayAdded(gateway.domain.to_string()),
                    Err(error) if error.code == ErrorCode::Usage => {
                        return Ok(Done::Again("gateway-odd"));
                    }
                    Err(error) => return Err(error),
                }
            }
            Self::RemoveGateway(domain) => {
                let removing = RemoveGateway { domain, passphrase };
                Remark::GatewayRemoved(ask(service, removing).await?.domain)
            }
            Self::Dismiss(id) => {
                let dismissed = ask(service, DismissMismatch { id }).await?;
                Remark::Dismissed(dismissed.name.to_string())
            }
            Self::OpenPlace => {
                let opening = OpenPlace {
                    woken_by: None,
                    label: None,
                    of_site: false,
                    aliases: None,
                };
                ask(service, opening).await?;
                Remark::PlaceOpened
            }
            Self::ClosePlace(label) => {
                ask(service, ClosePlace { label }).await?;
                Remark::PlaceClosed
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
