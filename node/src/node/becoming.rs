//! How a home becomes a member's: by founding a site, by joining one, by taking over an export.
//! No node runs in the home then.

use papermesh_mesh::join::{self, Device};
use papermesh_protocol::certificate::Roles;
use papermesh_protocol::invite::Invite;
use papermesh_protocol::text::Name;
use papermesh_services::authority::{self, Founding, Imported};
use papermesh_services::clock;
use papermesh_services::identity::{self, Identity};
use zeroize::Zeroizing;

use super::{NodeError, blocking, commands, open_store};
use crate::config::{Config, Home};
use crate::control::message::{
    Event, ExportSite, ImportSite, InitSite, Initialized, JoinSite, JoinStep, Joined, SiteExported,
    SiteImported,
};
use crate::control::{Events, Passphrase};

/// Where Linux says what the computer is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Founds a site, of which this home's node is the first member and the admin.
///
/// # Errors
/// [`NodeError`]; a home that is a member's already is left as it is.
pub async fn init(home: &Home, request: InitSite) -> Result<Initialized, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let founding = Founding {
        site: request.site,
        name: request.name,
        roles: Roles::of(&request.roles),
        passphrase: request
            .passphrase
            .map(|passphrase| Zeroizing::new(passphrase.expose().to_owned())),
    };
    let founded = blocking(move || authority::found(&store, founding, clock::now())).await?;
    // One that was made is neither empty nor too long.
    let root_passphrase = Passphrase::new(founded.root.0.clone())
        .unwrap_or_else(|error| unreachable!("a passphrase that was made: {error}"));
    Ok(Initialized {
        site: founded.site,
        site_name: founded.site_name,
        node: founded.node,
        name: founded.name,
        roles: founded.roles.iter().collect(),
        sealed: founded.sealed,
        root_passphrase,
        home: home.root().to_owned(),
    })
}

/// Joins a site, with an invite or by compared digits. `events` is told how far it is.
///
/// # Errors
/// [`NodeError`]; a home that is a member's already is left as it is.
pub async fn join(
    home: &Home,
    config: &Config,
    request: JoinSite,
    events: Events,
) -> Result<Joined, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let keys = {
        let store = store.clone();
        blocking(move || {
            identity::may_join(&store, clock::now())?;
            Ok::<_, NodeError>(identity::keys(&store)?)
        })
        .await?
    };
    let device = Device {
        seed: keys.node.expose(),
        sealing: keys.sealing.public(),
        clock: clock::now,
    };
    let membership = match &request.invite {
        Some(line) => {
            let invite: Invite = line.parse()?;
            // What the invite says of the name stands; a device is only asked where it says nothing.
            let name = request
                .name
                .or_else(|| invite.name.is_none().then(host_name).flatten());
            events.tell(Event::Join(JoinStep::Asking)).await;
            join::join_with_invite(&device, &invite, name).await?
        }
        None if !config.mdns => return Err(NodeError::NoWayToJoin),
        None => {
            let name = request
                .name
                .or_else(host_name)
                .ok_or(NodeError::NameMissing)?;
            events.tell(Event::Join(JoinStep::Searching)).await;
            let show = |seen: join::Comparison| {
                events.tell_now(Event::Join(JoinStep::Compare {
                    digits: commands::code(&seen.digits),
                    site: seen.site,
                    site_name: seen.site_name,
                }));
            };
            let site = request.site.as_deref();
            join::join_by_discovery(&device, site, name, Roles::of(&request.roles), show).await?
        }
    };
    let joined = Joined {
        site: membership.certificate.site,
        site_name: membership.state.name.clone(),
        node: membership.certificate.node,
        name: membership.certificate.name.clone(),
        roles: membership.certificate.roles.iter().collect(),
        not_after: membership.certificate.not_after,
        home: home.root().to_owned(),
    };
    blocking(move || Identity::keep_joined(&store, &membership, clock::now())).await?;
    Ok(joined)
}

/// Seals all that an admin has, where no node runs.
///
/// # Errors
/// [`NodeError`].
pub async fn export_site(home: &Home, request: ExportSite) -> Result<SiteExported, NodeError> {
    home.check()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let exported = blocking(move || authority::export(&store, request.passphrase.expose())).await?;
    Ok(commands::exported(exported))
}

/// Takes over an export of a site: the home's node becomes an admin of it.
///
/// # Errors
/// [`NodeError`]; nothing is changed then.
pub async fn import_site(
    home: &Home,
    request: ImportSite,
    export: Zeroizing<String>,
) -> Result<SiteImported, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let mut request = commands::import_of(request, export);
    request.name = request.name.or_else(host_name);
    let taken = blocking(move || authority::import(&store, request, clock::now())).await?;
    Ok(imported(taken))
}

pub(super) fn imported(imported: Imported) -> SiteImported {
    SiteImported {
        site: imported.site,
        site_name: imported.site_name,
        node: imported.node,
        name: imported.name,
    }
}

/// What this computer calls itself, if that is fit to be a node's name.
fn host_name() -> Option<Name> {
    let said = std::fs::read_to_string(HOST_NAME)
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())?;
    said.parse().ok()
}
