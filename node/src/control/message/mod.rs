//! What command line and node say to each other, in JSON.
//!
//! A command is a struct in the imperative ([`Invite`], [`SubmitJob`]); its answer is what
//! [`Command::Reply`] names, and is at the same time what `--json` prints. Times are
//! milliseconds since 1970 (UTC), lengths of time are seconds where the name does not say
//! otherwise, sizes are bytes, identities are hexadecimal.

mod gateway;
mod home;
mod infra;
mod job;
mod mail;
mod member;
mod node;
mod portal;
mod printer;
mod release;
mod user;

use papermesh_door::GatewayStatus;
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_services::holder::HeldView;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::service::{Answer, Handle, Io, json};

pub use gateway::{
    AddGateway, AddOwnName, AllowTerminated, ClosePlace, ConnectGateways, DismissMismatch,
    DoorWoken, GatewayList, GatewayRemoved, LeadsTo, ListGateways, ListTokens, MakeToken,
    MismatchDismissed, OpenPlace, OwnName, PlaceChanged, PlaceClaim, PlaceMismatch, PlaceName,
    PlaceProbed, ProbePlace, ProbeVerdict, RemoveGateway, RemoveOwnName, SeenOutside, ShowOwnName,
    TerminatedAllowed, Token, TokenMade, WakeDoor, WithdrawToken,
};
pub use home::{InitSite, Initialized, JoinSite, JoinStep, Joined};
pub use infra::{
    DeviceTokenMade, DeviceTokenView, ListDeviceTokens, MakeDeviceToken, ProxyStatus,
    WithdrawDeviceToken,
};
pub use job::{
    DeleteJob, FollowJobs, JobPrefix, JobRef, JobsFollowed, ListHistory, ListJobs, MoveJob,
    PrefixError, ProtectJob, ShowJob, SubmitJob, Submitted, UnlockJob,
};
pub use mail::{
    ClaimMailAddress, ConfirmMailAddress, ListMailAddresses, MailAddressClaimed, MailAddresses,
    MailHoldStatus, RemoveMailAddress, UserMailAddress,
};
pub use member::{
    AdminView, Approve, ExportRoot, ExportSite, FollowSite, ImportSite, Invite, InviteIssued,
    Legacy, ListInvites, ListMembers, ListPending, Member, OpenInvite, PendingDevice, PolicyChange,
    PolicyView, Refuse, Refused, RemoveRoot, RenewRoot, Revocation, Revoke, RootExported, RootView,
    RootWord, ShowKey, ShowRoot, ShowSiteAuthority, SiteAuthority, SiteExported, SiteFollowed,
    SiteImported, SiteKey, SitePolicy, WithdrawInvite,
};
pub use node::{
    AuditEntry, AuditRead, AuditVerified, DeviceStatus, Diagnose, Finding, GetStatus, MeshState,
    NodeIdentity, ReadAudit, SiteIdentity, Status, TlsStatus, Verdict, VerifyAudit,
};
pub use portal::{AwaitPage, OpenPortal, PageOpened, PortalLink};
pub use printer::{ListPrinters, Printer};
pub use release::{
    Deletion, HolderReport, HolderState, JobEnding, JobResult, Phase, Progress, Selection, Visit,
    VisitReport,
};
pub use user::{
    AcceptLink, AddUser, BadgeChanged, ChangeBadge, ChangePin, EnrollUser, Enrolled, LinkTicket,
    Linked, LinkedComputer, ListUsers, OfferLink, PinChanged, SetUserState, ShowUser, User,
    UserHere, UserTicket,
};

/// The version of this language. Both ends come from one binary; they differ only when it was
/// replaced while a node ran.
pub const VERSION: u32 = 1;

/// The first line of a connection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) version: u32,
    pub(super) request: Request,
}

/// The version alone, read when the rest is not understood.
#[derive(Deserialize)]
pub(super) struct CallVersion {
    pub(super) version: u32,
}

/// A line from the node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line<R> {
    /// The document may be sent now.
    GoAhead,
    /// Something happened meanwhile.
    Event(Event),
    /// It is done.
    Done(R),
    /// It is not done.
    Failed(super::CommandError),
}

/// What happens while a command runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A step of joining.
    Join(JoinStep),
    /// A document moves on.
    Progress(Progress),
    /// One of a visit's jobs is through.
    Job(JobResult),
    /// A job held here is another than before, or was just submitted, or is gone.
    Held(Box<HeldView>),
    /// Who waits, who is a member, or who is connected is another than before.
    Site,
    /// An audit record.
    Audit(AuditEntry),
    /// Anything else worth a line for whoever waits.
    Notice(String),
}

/// Something that a node can be asked.
pub trait Command: Into<Request> {
    /// Its answer.
    type Reply: Serialize + DeserializeOwned + Send;
}

/// Ties each command to its place in [`Request`], to its answer, and to whoever can carry out all of them.
macro_rules! commands {
    ($($command:ident -> $reply:ty,)*) => {
        /// All that a running node can be asked.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs)]
        pub enum Request { $($command($command),)* }

        /// A running node as its command line sees it: it can do all of this.
        pub trait Service: $(Handle<$command> +)* Send + Sync + 'static {}

        impl<S> Service for S where S: $(Handle<$command> +)* Send + Sync + 'static {}

        impl Request {
            /// Has a service carry it out.
            pub(super) async fn carry_out<S: Service>(self, service: &S, io: Io) -> Answer<Value> {
                match self {
                    $(Self::$command(command) => json(service.handle(command, io).await),)*
                }
            }
        }

        $(
            impl From<$command> for Request {
                fn from(command: $command) -> Self {
                    Self::$command(command)
                }
            }

            impl Command for $command {
                type Reply = $reply;
            }
        )*
    };
}
commands! {
    GetStatus -> Status,
    Diagnose -> Vec<Finding>,
    ReadAudit -> AuditRead,
    VerifyAudit -> AuditVerified,
    Invite -> InviteIssued,
    ListInvites -> Vec<OpenInvite>,
    WithdrawInvite -> OpenInvite,
    ListPending -> Vec<PendingDevice>,
    Approve -> Member,
    Refuse -> Refused,
    ListMembers -> Vec<Member>,
    FollowSite -> SiteFollowed,
    Revoke -> Revocation,
    ExportSite -> SiteExported,
    ImportSite -> SiteImported,
    ShowRoot -> RootView,
    ExportRoot -> RootExported,
    RemoveRoot -> RootView,
    RenewRoot -> RootView,
    SitePolicy -> PolicyView,
    ShowSiteAuthority -> SiteAuthority,
    ShowKey -> SiteKey,
    AddUser -> UserTicket,
    EnrollUser -> Enrolled,
    OfferLink -> LinkTicket,
    AcceptLink -> Linked,
    ListUsers -> Vec<User>,
    ChangeBadge -> BadgeChanged,
    SetUserState -> User,
    ChangePin -> PinChanged,
    ShowUser -> UserHere,
    SubmitJob -> Submitted,
    ListJobs -> Vec<HeldView>,
    ShowJob -> HeldView,
    DeleteJob -> HeldView,
    ProtectJob -> HeldView,
    UnlockJob -> HeldView,
    MoveJob -> HeldView,
    ListHistory -> Vec<HeldView>,
    FollowJobs -> JobsFollowed,
    ListPrinters -> Vec<Printer>,
    OpenPortal -> PortalLink,
    AwaitPage -> PageOpened,
    AddGateway -> Gateway,
    RemoveGateway -> GatewayRemoved,
    AllowTerminated -> TerminatedAllowed,
    ListGateways -> GatewayList,
    ConnectGateways -> Vec<GatewayStatus>,
    OpenPlace -> PlaceChanged,
    ClosePlace -> PlaceChanged,
    WakeDoor -> DoorWoken,
    ProbePlace -> PlaceProbed,
    DismissMismatch -> MismatchDismissed,
    AddOwnName -> OwnName,
    RemoveOwnName -> OwnName,
    ShowOwnName -> OwnName,
    MakeToken -> TokenMade,
    ListTokens -> Vec<Token>,
    WithdrawToken -> Token,
    ClaimMailAddress -> MailAddressClaimed,
    ConfirmMailAddress -> UserMailAddress,
    ListMailAddresses -> MailAddresses,
    RemoveMailAddress -> UserMailAddress,
    MakeDeviceToken -> DeviceTokenMade,
    ListDeviceTokens -> Vec<DeviceTokenView>,
    WithdrawDeviceToken -> DeviceTokenView,
    Visit -> VisitReport,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_and_lines_read_as_documented() {
        let call = Call {
            version: VERSION,
            request: GetStatus {}.into(),
        };
        assert_eq!(
            serde_json::to_string(&call).unwrap(),
            r#"{"version":1,"request":{"get-status":{}}}"#
        );
        let lines = [
            (Line::GoAhead, r#""go-ahead""#),
            (
                Line::Event(Event::Notice("waiting".into())),
                r#"{"event":{"notice":"waiting"}}"#,
            ),
            (Line::Done(7), r#"{"done":7}"#),
        ];
        for (line, text) in lines {
            assert_eq!(serde_json::to_string(&line).unwrap(), text);
        }
    }

    #[test]
    fn a_wrong_version_is_told_from_nonsense() {
        let newer = r#"{"version":2,"request":{"fly":{}}}"#;
        assert!(serde_json::from_str::<Call>(newer).is_err());
        assert_eq!(
            serde_json::from_str::<CallVersion>(newer).unwrap().version,
            2
        );
    }
}
