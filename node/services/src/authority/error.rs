//! Why the authority does not do what it was asked, and what to do about it.

use std::borrow::Cow;
use std::fmt;

use papermesh_protocol::bind;
use papermesh_protocol::charter::CharterError;
use papermesh_protocol::codec::CodecError;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::invite::TicketError;
use papermesh_protocol::join::ApproveError;
use papermesh_protocol::limits;
use papermesh_protocol::lookup::BadgeError;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::PassphraseError;
use papermesh_protocol::signed::SignedError;
use papermesh_protocol::site::SiteStateError;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserError;
use papermesh_store::StoreError;

use super::bundle::BundleError;
use super::export::PASSPHRASE_LEAST;
use crate::identity::IdentityError;
use crate::policy::SHORTEST_LIFETIME;
use crate::ticket::OddLifetime;
use crate::vault::VaultError;

/// Why the authority does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The key is not on this node.
    #[error("this node is not an admin of its site")]
    NotAdmin,
    /// The site's charter names the key no more.
    #[error(
        "this node is no longer an admin of its site: another admin removed its key from the charter"
    )]
    NoAdminAnyMore,
    /// The root is needed, and it is not here.
    #[error("the site's root is not stored on this node")]
    RootElsewhere,
    /// The root is needed.
    #[error("this requires the site's root")]
    RootNeeded,
    /// The passphrase does not open the root.
    #[error("the passphrase of the root is wrong")]
    RootPassphraseWrong,
    /// What was given is no root.
    #[error("this is not a site root")]
    NoRoot,
    /// It is the root of another site.
    #[error("this is the root of another site")]
    ForeignRoot,
    /// An admin is not put out like any member.
    #[error("{name} is an admin and has a key of its own that signs for the site")]
    RevokesAdmin {
        /// The admin.
        name: Name,
    },
    /// The passphrase for something new is easily guessed.
    #[error("a passphrase needs at least {PASSPHRASE_LEAST} characters")]
    PassphraseWeak,
    /// The charter does not change like that.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The key is sealed, and its passphrase was not given since the node started.
    #[error("the authority key is sealed")]
    PassphraseNeeded,
    /// The passphrase does not open it.
    #[error("the passphrase is wrong")]
    PassphraseWrong,
    /// The passphrase is unusable, or what it should open is damaged.
    #[error("the authority key: {0}")]
    Passphrase(PassphraseError),
    /// An invite or a ticket with an odd lifetime was asked for.
    #[error(transparent)]
    Lifetime(#[from] OddLifetime),
    /// Jobs cannot be kept that long, or that short.
    #[error("jobs can be kept from {} seconds to {} days", SHORTEST_LIFETIME.as_secs(), limits::JOB_LIFETIME_MAX.as_secs() / 86_400)]
    JobLifetime,
    /// PINs cannot be as short or as long.
    #[error(
        "a site can require PINs of at least {} to {} characters",
        limits::PIN_LENGTH,
        limits::PIN_LENGTH_MAX
    )]
    PinLength,
    /// Nobody can join with these roles.
    #[error(
        "an invite needs at least one role, and admin is not one of them: the root names admins (see `papermesh site \
         import`)"
    )]
    Roles,
    /// No open invite is called that, or several are.
    #[error("no open invite, or more than one, has an id that begins with {0:?}")]
    NoSuchInvite(String),
    /// No member is called that.
    #[error("no member has the name {0:?} or an id that begins with it")]
    NoSuchMember(String),
    /// Several are.
    #[error("{wanted:?} matches {found}")]
    AmbiguousMember {
        /// What was asked for.
        wanted: String,
        /// Whom it fits.
        found: Listing,
    },
    /// It was withdrawn before.
    #[error("{name} is already revoked")]
    AlreadyRevoked {
        /// The member.
        name: Name,
    },
    /// A node would withdraw itself.
    #[error("a node cannot revoke itself")]
    RevokesItself,
    /// The site state cannot be changed.
    #[error("the site state: {0}")]
    SiteState(#[from] SiteStateError),
    /// Other admins change the site state at the same time.
    #[error("another admin changed the site at the same time")]
    Overtaken,
    /// No device waits under these digits.
    #[error(transparent)]
    Approve(#[from] ApproveError),
    /// The device hung up before it had its certificate.
    #[error("the device is no longer waiting")]
    DeviceGone,
    /// No user has this id.
    #[error("the site has no user {0}")]
    NoSuchUser(UserId),
    /// The user may not enroll.
    #[error("{0} is disabled")]
    UserDisabled(UserId),
    /// More badges or groups than a user may have.
    #[error(transparent)]
    User(#[from] UserError),
    /// No badge number.
    #[error(transparent)]
    Badge(#[from] BadgeError),
    /// The badge names somebody else.
    #[error("this badge belongs to {0}")]
    BadgeTaken(UserId),
    /// A user does not get the badge that a printer asked for.
    #[error(transparent)]
    Bind(#[from] bind::Denial),
    /// The badge does not name this user.
    #[error("this badge does not belong to {0}")]
    BadgeNotTheirs(UserId),
    /// The export is of no use.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The home's own identity is of no use, or is of another site.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The ticket could not be written.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// A record could not be signed.
    #[error("cannot sign: {0}")]
    Signed(#[from] SignedError),
    /// A record could not be encoded.
    #[error("cannot encode: {0}")]
    Codec(#[from] CodecError),
    /// There is nothing with which to make certificates for the web.
    #[error(
        "the root has not certified this admin to issue certificates for panels and hold printers, or that has \
         expired"
    )]
    NoWebIssuer,
    /// A certificate for the web could not be made.
    #[error("cannot make a certificate: {0}")]
    Web(#[from] rcgen::Error),
    /// A kept secret does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl Remedy for AuthorityError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NotAdmin => {
                "run this on the admin's node, or make this node an admin with \
                 `papermesh site import`"
                    .into()
            }
            Self::RootElsewhere => {
                "name its file with --root FILE (`papermesh site root export --from EXPORT FILE` takes it out of a site \
                 export), or run this on the node that stores it"
                    .into()
            },
            Self::RootNeeded => {
                "give its passphrase, which `papermesh init` showed, with --root-passphrase-file or at \
                 the prompt"
                    .into()
            }
            Self::NoRoot => {
                "use the complete file that `papermesh site root export` wrote".into()
            },
            Self::RevokesAdmin { name } => format!(
                "revoke that key with the root's passphrase (--root-passphrase-file or at the prompt), or use \
                 --keep-key to disconnect {name} only: whoever has its key can then still sign"
            )
            .into(),
            Self::Charter(error) => return error.remedy(),
            Self::PassphraseNeeded => "give its passphrase to unlock it".into(),
            Self::NoSuchInvite(_) => "list them with `papermesh invites`".into(),
            Self::NoSuchMember(_) => "list them with `papermesh members`".into(),
            Self::AmbiguousMember { .. } => "use the id to name one".into(),
            Self::RevokesItself => {
                "export the site, import it on another member, and revoke this node from there".into()
            }
            Self::SiteState(error) => return error.remedy(),
            Self::Overtaken => "try again".into(),
            Self::Approve(error) => return error.remedy(),
            Self::Bind(error) => return error.remedy(),
            Self::DeviceGone => "run `papermesh join` on it again".into(),
            Self::NoSuchUser(_) => "list them with `papermesh user list`".into(),
            Self::UserDisabled(_) => "enable the user first with `papermesh user enable`".into(),
            Self::BadgeTaken(_) => {
                "move it with `papermesh user badge`, or remove it from them first".into()
            },
            Self::Bundle(error) => return error.remedy(),
            Self::Identity(error) => return error.remedy(),
            Self::Ticket(error) => return error.remedy(),
            Self::NoWebIssuer => "run `papermesh site root renew`".into(),
            Self::Vault(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            _ => return None,
        })
    }
}

impl From<StoreError> for AuthorityError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadgeTaken { user } => Self::BadgeTaken(user),
            error => Self::Store(error),
        }
    }
}

impl From<PassphraseError> for AuthorityError {
    fn from(error: PassphraseError) -> Self {
        match error {
            PassphraseError::WrongPassphrase => Self::PassphraseWrong,
            error => Self::Passphrase(error),
        }
    }
}

/// Members by name and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(pub Vec<(Name, NodeId)>);

/// Members that are listed; what fits more than these fits too many.
const LISTED: usize = 8;

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, node)) in self.0.iter().take(LISTED).enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{name} ({node})")?;
        }
        match self.0.len().checked_sub(LISTED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}
