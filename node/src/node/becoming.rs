//! How a home becomes a member's: by founding a site, by joining one, by taking over an export.
//! No node runs in the home then.

use papermesh_protocol::certificate::Roles;
use papermesh_protocol::invite::Invite;
use papermesh_protocol::text::Name;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::{NodeError, blocking, commands, open_store};
use crate::authority::{self, Founding, Imported};
use crate::clock;
use crate::config::Home;
use crate::control::message::{ImportSite, InitSite, Initialized, JoinSite, JoinStep, Joined, SiteImported};
use crate::mesh::join::{self, Device};
use crate::papers::{self, Papers};

/// Founds a site, of which this home's node is the first member and the admin.
///
/// # Errors
/// [`NodeError`]; a home that is a member's already is left as it is.
pub async fn init(home: &Home, wish: InitSite) -> Result<Initialized, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let founding = Founding {
        site: wish.site,
        name: wish.name,
        roles: Roles::of(&wish.roles),
        passphrase: wish.passphrase.map(|passphrase| Zeroizing::new(passphrase.expose().to_owned())),
    };
    let founded = blocking(move || authority::found(&store, founding, clock::now())).await?;
    Ok(Initialized {
        site: founded.site,
        site_name: founded.site_name,
        node: founded.node,
        name: founded.name,
        roles: founded.roles.iter().collect(),
        sealed: founded.sealed,
        home: home.root().to_owned(),
    })
}

/// Joins a site, with an invite or by compared digits. `steps` is told how far it is.
///
/// # Errors
/// [`NodeError`]; a home that is a member's already is left as it is.
pub async fn join(home: &Home, wish: JoinSite, steps: mpsc::Sender<JoinStep>) -> Result<Joined, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let keys = {
        let store = store.clone();
        blocking(move || {
            papers::may_join(&store, clock::now())?;
            Ok::<_, NodeError>(papers::keys(&store)?)
        })
        .await?
    };
    let device = Device { seed: keys.node.expose(), sealing: keys.sealing.public(), clock: clock::now };
    let name = wish.name.unwrap_or_else(host_name);
    let membership = match &wish.invite {
        Some(line) => {
            let invite: Invite = line.parse()?;
            join::join_with_invite(&device, &invite, Some(name)).await?
        }
        None => {
            let _ = steps.send(JoinStep::Searching).await;
            let show = |comparison: join::Comparison| {
                // There is room: this is the second step of two.
                let _ = steps.try_send(JoinStep::Compare {
                    digits: comparison.digits.to_string(),
                    site: comparison.site_name.to_string(),
                });
            };
            let site = wish.site.as_ref().map(Name::as_str);
            join::join_by_discovery(&device, site, name, Roles::of(&wish.roles), show).await?
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
    blocking(move || Papers::keep_joined(&store, &membership, clock::now())).await?;
    Ok(joined)
}

/// Takes over an export of a site: the home's node becomes an admin of it.
///
/// # Errors
/// [`NodeError`]; nothing is changed then.
pub async fn import(home: &Home, wish: ImportSite) -> Result<SiteImported, NodeError> {
    home.create()?;
    let _lock = home.lock()?;
    let store = open_store(home).await?;
    let mut wish = commands::import_of(wish);
    wish.name = wish.name.or_else(|| Some(host_name()));
    let taken = blocking(move || authority::import(&store, wish, clock::now())).await?;
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

/// What the computer calls itself, as far as it is fit to be a name.
fn host_name() -> Name {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::env::var("HOSTNAME").map_err(std::io::Error::other));
    #[expect(clippy::expect_used, reason = "a literal")]
    read.ok().and_then(|text| text.trim().parse().ok()).unwrap_or_else(|| "node".parse().expect("a name"))
}
