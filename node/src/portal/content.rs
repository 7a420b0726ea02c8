//! What a section shows: asked of the node, as the command line asks.

use std::collections::VecDeque;

use papermesh_protocol::certificate::Role;
use papermesh_protocol::text::UserId;
use papermesh_services::clock;
use papermesh_services::holder::HeldView;
use tokio::time::timeout;

use super::limits;
use super::links::Whose;
use super::section::Section;
use crate::control::message::{
    AuditEntry, Event, GatewayList, ListGateways, ListHistory, ListInvites, ListJobs,
    ListMailAddresses, ListMembers, ListPending, ListPrinters, ListTokens, ListUsers,
    MailAddresses, Member, OpenInvite, PendingDevice, PolicyView, Printer, ReadAudit, ShowUser,
    SitePolicy, Token, User, UserHere,
};
use crate::control::{Answer, CommandError, ErrorCode, Events, Io, Service, ask};

/// What a section shows.
pub(super) enum Content {
    Jobs(Vec<HeldView>),
    History(Vec<HeldView>),
    /// None on a shared computer, where users have no PIN that stays.
    Account(Option<UserHere>),
    /// Print tokens and the way in, and what comes by mail.
    Elsewhere {
        tokens: Vec<Token>,
        gateways: GatewayList,
        mail: MailAddresses,
    },
    Devices {
        pending: Vec<PendingDevice>,
        invites: Vec<OpenInvite>,
        members: Vec<Member>,
    },
    People(Vec<User>),
    Printers {
        members: Vec<Member>,
        /// What they say; none while they are not asked yet.
        asked: Option<Vec<Printer>>,
    },
    Internet(GatewayList),
    Policy(PolicyView),
    /// The last first.
    Audit(Vec<AuditEntry>),
    /// The node could not say.
    Failed(CommandError),
}

/// How much may be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What the node knows by itself.
    Quick,
    /// What others have to be asked for, too.
    Whole,
}

/// Asks for what a section shows.
pub(super) async fn fetch<S: Service>(
    service: &S,
    whose: &Whose,
    section: Section,
    depth: Depth,
) -> Content {
    let fetched = match whose {
        Whose::User(user) => of_user(service, user, section).await,
        Whose::Admin => of_admin(service, section, depth).await,
    };
    fetched.unwrap_or_else(Content::Failed)
}

/// Devices that want to join: an admin sees at every place that there are some.
pub(super) async fn waiting<S: Service>(service: &S, whose: &Whose) -> usize {
    match whose {
        Whose::User(_) => 0,
        Whose::Admin => {
            let asking = ask(service, ListPending { wait: 0 });
            asking.await.map_or(0, |pending| pending.len())
        }
    }
}

async fn of_user<S: Service>(service: &S, user: &UserId, section: Section) -> Answer<Content> {
    let user = Some(user.clone());
    match section {
        Section::Jobs => Ok(Content::Jobs(ask(service, ListJobs { user }).await?)),
        Section::History => {
            let past = ask(service, ListHistory { user }).await?;
            Ok(Content::History(past))
        }
        Section::Account => match ask(service, ShowUser { user }).await {
            Ok(here) => Ok(Content::Account(Some(here))),
            Err(error) if error.code == ErrorCode::NotFound => Ok(Content::Account(None)),
            Err(error) => Err(error),
        },
        Section::Elsewhere => {
            let mail = ListMailAddresses { user: user.clone() };
            let tokens = ask(service, ListTokens { user }).await?;
            let gateways = ask(service, ListGateways {}).await?;
            let mail = ask(service, mail).await?;
            Ok(Content::Elsewhere {
                tokens,
                gateways,
                mail,
            })
        }
        _ => Err(elsewhere()),
    }
}

async fn of_admin<S: Service>(service: &S, section: Section, depth: Depth) -> Answer<Content> {
    match section {
        Section::Devices => {
            let pending = ask(service, ListPending { wait: 0 }).await?;
            let invites = ask(service, ListInvites {}).await?;
            let members = ask(service, ListMembers {}).await?;
            Ok(Content::Devices {
                pending,
                invites,
                members,
            })
        }
        Section::People => Ok(Content::People(ask(service, ListUsers {}).await?)),
        Section::Printers => {
            let mut members = ask(service, ListMembers {}).await?;
            members.retain(|member| member.roles.contains(&Role::Printer) && !member.revoked);
            let asked = match depth {
                Depth::Quick => None,
                Depth::Whole => Some(printers(service).await),
            };
            Ok(Content::Printers { members, asked })
        }
        Section::Internet => Ok(Content::Internet(ask(service, ListGateways {}).await?)),
        Section::Policy => {
            let asking = SitePolicy {
                change: None,
                passphrase: None,
            };
            Ok(Content::Policy(ask(service, asking).await?))
        }
        Section::Audit => Ok(Content::Audit(audit(service).await?)),
        _ => Err(elsewhere()),
    }
}

/// What the printers say. An admin's node that holds no jobs has met none to ask.
async fn printers<S: Service>(service: &S) -> Vec<Printer> {
    let asking = timeout(limits::PRINTERS, ask(service, ListPrinters {}));
    asking.await.ok().and_then(Result::ok).unwrap_or_default()
}

/// The newest records; older ones are read and forgotten.
async fn audit<S: Service>(service: &S) -> Answer<Vec<AuditEntry>> {
    let since = clock::now() - limits::AUDIT_SINCE;
    let (events, mut told) = Events::channel();
    let reading = service.handle(ReadAudit { since: Some(since) }, Io::telling(events));
    let keeping = async {
        let mut newest = VecDeque::with_capacity(limits::AUDIT_SHOWN);
        while let Some(event) = told.recv().await {
            if let Event::Audit(entry) = event {
                if newest.len() >= limits::AUDIT_SHOWN {
                    newest.pop_front();
                }
                newest.push_back(entry);
            }
        }
        newest
    };
    let (read, newest) = tokio::join!(reading, keeping);
    read?;
    Ok(newest.into_iter().rev().collect())
}

/// Places are chosen by what a page has; this one it has not.
fn elsewhere() -> CommandError {
    CommandError::new(ErrorCode::NotHere, "this page does not show that")
}
