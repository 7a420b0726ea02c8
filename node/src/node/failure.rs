//! What can go wrong when a node starts, and how the errors of the services reach the command
//! line: each kind of failure gets the code by which scripts tell it from others.

use std::borrow::Cow;
use std::net::SocketAddr;

use papermesh_device::{DeviceError, OutputUriError};
use papermesh_infra::InfraPrinterError;
use papermesh_ipp::HoldPrinterError;
use papermesh_mesh::MeshError;
use papermesh_mesh::join::{JoinFailure, NetworkError};
use papermesh_protocol::remedy::Remedy;
use papermesh_services::audit::AuditError;
use papermesh_services::auth::verifier::VerifierError;
use papermesh_services::authority::AuthorityError;
use papermesh_services::device_tokens::DeviceTokenError;
use papermesh_services::holder::{JobsError, PrinterError, SubmitError, UnlockError};
use papermesh_services::identity::IdentityError;
use papermesh_services::local_users::LocalUsersError;
use papermesh_services::policy::LoginRefusal;
use papermesh_services::printer::VisitError;
use papermesh_store::StoreError;
use papermesh_web::ListenError;

use super::calling::CallError;
use super::door::PlaceError;
use super::mailbox::MailSettingsError;
use crate::config::{ConfigError, HomeError};
use crate::control::{BindError, CommandError, ErrorCode};
use crate::panel::PanelError;

/// Why a node does not start, or a home does not become a member's.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Commands cannot be heard.
    #[error(transparent)]
    Control(#[from] BindError),
    /// The store cannot be opened, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node is no member, or its identity is damaged.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The mesh does not start.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// Something that should be a multiaddr.
    #[error("{0:?} is not a multiaddr")]
    Address(String),
    /// Nothing to listen on for devices that join.
    #[error(
        "none of the addresses to listen on for joining devices has the form /ip4/ADDRESS/tcp/PORT"
    )]
    JoinListen,
    /// Devices that join cannot be heard.
    #[error(transparent)]
    JoinListener(#[from] NetworkError),
    /// The authority key cannot be opened.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Joining failed.
    #[error(transparent)]
    Join(#[from] JoinFailure),
    /// The invite is none.
    #[error(transparent)]
    Invite(#[from] papermesh_protocol::invite::TicketError),
    /// No invite, and nobody can be found.
    #[error("without an invite the site is found by mDNS, which is switched off")]
    NoWayToJoin,
    /// No name to be known by.
    #[error("this device has no name")]
    NameMissing,
    /// The key of the PIN verifiers is damaged.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The hold printer does not start.
    #[error(transparent)]
    HoldPrinter(#[from] HoldPrinterError),
    /// Mail cannot be used.
    #[error(transparent)]
    Mail(#[from] MailSettingsError),
    /// The infrastructure printer does not start.
    #[error(transparent)]
    Infra(#[from] InfraPrinterError),
    /// The panel does not start.
    #[error("the panel: {0}")]
    Panel(#[from] PanelError),
    /// The portal does not start.
    #[error("the portal: {0}")]
    Portal(#[from] ListenError),
    /// The portal is for this computer only.
    #[error("the portal is for this computer only, and {0} is not a loopback address")]
    PortalAddress(SocketAddr),
    /// The badge reader is not named well.
    #[error("{0}")]
    BadgeReader(String),
    /// The output device is not named well.
    #[error("the output device: {0}")]
    Output(OutputUriError),
    /// The output device cannot be used.
    #[error("the output device: {0}")]
    Device(DeviceError),
}

impl Remedy for NodeError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Home(error) => return error.remedy(),
            Self::Config(error) => return error.remedy(),
            Self::Control(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            Self::Identity(error) => return error.remedy(),
            Self::Mesh(error) => return error.remedy(),
            Self::Address(_) => "write one such as /ip4/0.0.0.0/tcp/4001",
            Self::JoinListener(error) => return error.remedy(),
            Self::Authority(error) => return error.remedy(),
            Self::Join(error) => return error.remedy(),
            Self::Invite(error) => return error.remedy(),
            Self::NoWayToJoin => "give an invite, or switch mDNS on",
            Self::NameMissing => "give it one with --name",
            Self::Verifier(error) => return error.remedy(),
            Self::HoldPrinter(error) => return error.remedy(),
            Self::Mail(error) => return error.remedy(),
            Self::Infra(error) => return error.remedy(),
            Self::Panel(error) => {
                return error.remedy().or(Some(
                    "choose another address with --panel, or --panel off".into(),
                ));
            }
            Self::Portal(error) => {
                return error.remedy().or(Some(
                    "choose another address with --portal, or --portal off".into(),
                ));
            }
            Self::PortalAddress(_) => {
                "choose one such as 127.0.0.1:8311 with --portal, or --portal off"
            }
            Self::Device(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// The code of an error of the store.
fn of_store(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::DiskFull { .. } => ErrorCode::Full,
        StoreError::InUse { .. } => ErrorCode::Busy,
        _ => ErrorCode::Failed,
    }
}

impl From<NodeError> for CommandError {
    fn from(error: NodeError) -> Self {
        let code = match &error {
            NodeError::Authority(error) => of_authority(error),
            NodeError::Store(error) => of_store(error),
            NodeError::Identity(IdentityError::HasSite { .. }) => ErrorCode::Exists,
            NodeError::Address(_)
            | NodeError::Output(_)
            | NodeError::BadgeReader(_)
            | NodeError::PortalAddress(_)
            | NodeError::Invite(_) => ErrorCode::Usage,
            NodeError::Home(HomeError::Locked { .. }) => ErrorCode::Busy,
            _ => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

fn of_authority(error: &AuthorityError) -> ErrorCode {
    match error {
        AuthorityError::NotAdmin
        | AuthorityError::NoAdminAnyMore
        | AuthorityError::RootElsewhere
        | AuthorityError::NoWebIssuer => ErrorCode::NotHere,
        AuthorityError::RootNeeded | AuthorityError::RevokesAdmin { .. } => ErrorCode::RootRequired,
        AuthorityError::RootPassphraseWrong => ErrorCode::Denied,
        AuthorityError::NoRoot | AuthorityError::ForeignRoot => ErrorCode::BadData,
        AuthorityError::PassphraseWeak => ErrorCode::Usage,
        AuthorityError::PassphraseNeeded => ErrorCode::PassphraseRequired,
        AuthorityError::PassphraseWrong => ErrorCode::PassphraseWrong,
        AuthorityError::NoSuchMember(_)
        | AuthorityError::NoSuchInvite(_)
        | AuthorityError::NoSuchUser(_)
        | AuthorityError::Approve(_) => ErrorCode::NotFound,
        AuthorityError::AlreadyRevoked { .. } | AuthorityError::BadgeTaken(_) => ErrorCode::Exists,
        AuthorityError::Lifetime(_)
        | AuthorityError::JobLifetime
        | AuthorityError::PinLength
        | AuthorityError::Roles
        | AuthorityError::AmbiguousMember { .. }
        | AuthorityError::Badge(_) => ErrorCode::Usage,
        AuthorityError::DeviceGone => ErrorCode::Unreachable,
        AuthorityError::Overtaken => ErrorCode::Busy,
        AuthorityError::Bundle(_) => ErrorCode::BadData,
        AuthorityError::UserDisabled(_) | AuthorityError::RevokesItself => ErrorCode::Denied,
        AuthorityError::Store(error) => of_store(error),
        _ => ErrorCode::Failed,
    }
}

impl From<AuthorityError> for CommandError {
    fn from(error: AuthorityError) -> Self {
        Self::of(of_authority(&error), &error)
    }
}

impl From<PlaceError> for CommandError {
    fn from(error: PlaceError) -> Self {
        let code = match &error {
            PlaceError::Full | PlaceError::NamesFull | PlaceError::AliasesFull => ErrorCode::Full,
            PlaceError::Alias(_) => ErrorCode::Usage,
            PlaceError::AliasTaken(_) => ErrorCode::Exists,
            PlaceError::NotAllowed => ErrorCode::Denied,
            PlaceError::Unknown(_) | PlaceError::NotOfSite | PlaceError::UnknownName(_) => {
                ErrorCode::NotFound
            }
            PlaceError::NoMailbox => ErrorCode::NotHere,
            PlaceError::Store(error) => of_store(error),
        };
        Self::of(code, &error)
    }
}

impl From<CallError> for CommandError {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::NoAccount => ErrorCode::NotHere,
            CallError::Letter(_) => ErrorCode::Failed,
            CallError::Mail(_) => ErrorCode::Unreachable,
            CallError::NotCome { .. } => ErrorCode::Timeout,
        };
        Self::of(code, &error)
    }
}

impl From<AuditError> for CommandError {
    fn from(error: AuditError) -> Self {
        let code = match &error {
            AuditError::Chain(_) => ErrorCode::BadData,
            AuditError::Store(error) => of_store(error),
            AuditError::Signed(_) => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

impl From<SubmitError> for CommandError {
    fn from(error: SubmitError) -> Self {
        let code = match &error {
            SubmitError::PinRequired => ErrorCode::PinRequired,
            SubmitError::Refused(_) | SubmitError::OtherPin(_) | SubmitError::TooManyPins(_) => {
                ErrorCode::Denied
            }
            SubmitError::Busy => ErrorCode::Busy,
            SubmitError::PinNotTaken | SubmitError::Pin(_) | SubmitError::Choice(_) => {
                ErrorCode::Usage
            }
            SubmitError::Empty
            | SubmitError::Format(_)
            | SubmitError::Flaw(_)
            | SubmitError::Size { .. }
            | SubmitError::Password
            | SubmitError::Broken(_) => ErrorCode::BadData,
            SubmitError::Store(error) => of_store(error),
            _ => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

impl From<JobsError> for CommandError {
    fn from(error: JobsError) -> Self {
        let code = match &error {
            JobsError::NoJob(_) => ErrorCode::NotFound,
            JobsError::Leased(_) => ErrorCode::Busy,
            JobsError::Audit(AuditError::Store(error)) | JobsError::Store(error) => of_store(error),
            JobsError::Audit(_) => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

impl From<UnlockError> for CommandError {
    fn from(error: UnlockError) -> Self {
        let code = match error {
            UnlockError::Jobs(error) => return error.into(),
            UnlockError::Wrong => ErrorCode::Denied,
            UnlockError::Open => ErrorCode::Usage,
            UnlockError::Unread | UnlockError::Unreadable(_) => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

impl From<PrinterError> for CommandError {
    fn from(error: PrinterError) -> Self {
        let code = match &error {
            PrinterError::Unknown(..) => ErrorCode::NotFound,
            PrinterError::Ambiguous(..) => ErrorCode::Usage,
            PrinterError::Unreachable(_) | PrinterError::Silent => ErrorCode::Unreachable,
            PrinterError::Store(error) => of_store(error),
        };
        Self::of(code, &error)
    }
}

impl From<VisitError> for CommandError {
    fn from(error: VisitError) -> Self {
        let code = match &error {
            VisitError::Login(LoginRefusal::PinMissing) => ErrorCode::PinRequired,
            VisitError::Login(LoginRefusal::NoBadges) => ErrorCode::Denied,
            VisitError::Badge(_) => ErrorCode::Usage,
            VisitError::UnknownBadge => ErrorCode::NotFound,
        };
        Self::of(code, &error)
    }
}

impl From<DeviceTokenError> for CommandError {
    fn from(error: DeviceTokenError) -> Self {
        let code = match &error {
            DeviceTokenError::TooMany => ErrorCode::Full,
            DeviceTokenError::Taken(_) => ErrorCode::Usage,
            DeviceTokenError::None(_) => ErrorCode::NotFound,
            DeviceTokenError::Unknown | DeviceTokenError::Another => ErrorCode::Denied,
            DeviceTokenError::Store(_) => ErrorCode::Failed,
        };
        Self::of(code, &error)
    }
}

impl From<LocalUsersError> for CommandError {
    fn from(error: LocalUsersError) -> Self {
        let code = match &error {
            LocalUsersError::Unreachable(_) => ErrorCode::Unreachable,
            LocalUsersError::WrongPin
            | LocalUsersError::WrongCode
            | LocalUsersError::Disabled(_) => ErrorCode::Denied,
            LocalUsersError::Wait(_) | LocalUsersError::HungUp | LocalUsersError::TooManyCodes => {
                ErrorCode::Busy
            }
            LocalUsersError::NotEnrolled(_)
            | LocalUsersError::NobodyEnrolled
            | LocalUsersError::NoCode
            | LocalUsersError::NoAddress(_) => ErrorCode::NotFound,
            LocalUsersError::OnlyLinked(_) | LocalUsersError::EnrolledElsewhere(_) => {
                ErrorCode::NotHere
            }
            LocalUsersError::Ticket(_)
            | LocalUsersError::Lifetime(_)
            | LocalUsersError::Pin(_)
            | LocalUsersError::PinChoice(_)
            | LocalUsersError::WhichUser
            | LocalUsersError::NoToken(_)
            | LocalUsersError::TokenLifetime
            | LocalUsersError::OwnTicket => ErrorCode::Usage,
            LocalUsersError::TooManyLinked | LocalUsersError::TooManyAddresses => ErrorCode::Full,
            _ => ErrorCode::Failed,
        };
        let wait = match &error {
            LocalUsersError::Wait(wait) => Some(*wait),
            _ => None,
        };
        let failure = Self::of(code, &error);
        match wait {
            Some(wait) => failure.after(wait),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use papermesh_store::{Protector, ProtectorError};

    fn told(error: impl Into<NodeError>) -> CommandError {
        error.into().into()
    }

    #[test]
    fn a_remedy_reaches_the_command_line_through_all_that_wrap_it() {
        let damaged = |path: &str| StoreError::Damaged {
            path: path.into(),
            what: "no; not at all".to_owned(),
        };
        let error = told(AuthorityError::Identity(IdentityError::Store(damaged(
            "/a; b",
        ))));
        assert_eq!(error.message, "/a; b is damaged (no; not at all)");
        assert_eq!(
            error.remedy.as_deref(),
            Some("restore it from a backup, or move it away to start over without its content")
        );
    }

    #[test]
    fn who_knows_a_better_remedy_is_heard_first() {
        let sealed = |source| StoreError::Locked {
            folder: PathBuf::from("keys"),
            protector: Protector::SecretService,
            source,
        };
        let locked = told(sealed(ProtectorError::Locked));
        assert_eq!(
            locked.remedy.as_deref(),
            Some("log in to the desktop, or unlock it, and start again")
        );
        let gone = told(sealed(ProtectorError::Silent));
        assert!(
            gone.remedy
                .is_some_and(|remedy| remedy.ends_with("start with a new home"))
        );
    }
}
