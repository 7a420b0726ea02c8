//! Announcing through Avahi, on the system's D-Bus (`org.freedesktop.Avahi`).

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::timeout;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::zvariant::OwnedObjectPath;

use super::announcement::{Announcement, Kind, Reach};

/// The name of Avahi on the bus.
const AVAHI: &str = "org.freedesktop.Avahi";
/// Any interface, or any protocol.
const UNSPECIFIED: i32 = -1;
/// The loopback interface, which is for programs of this computer.
const LOOPBACK: &str = "lo";
/// How long the bus may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Other names that are tried when others have ours.
const NAMES: usize = 16;

/// States of a group of records, as Avahi numbers them.
const ESTABLISHED: i32 = 2;
/// See [`ESTABLISHED`].
const COLLISION: i32 = 3;
/// See [`ESTABLISHED`].
const FAILURE: i32 = 4;

/// Why Avahi did not announce.
#[derive(Debug, thiserror::Error)]
pub(super) enum AvahiError {
    /// The bus or Avahi said so.
    #[error(transparent)]
    Bus(#[from] zbus::Error),
    /// It did not answer.
    #[error("Avahi does not answer")]
    Silent,
    /// The records were not taken.
    #[error("Avahi gave up: {0}")]
    Failed(String),
    /// Others have this name and all that are like it.
    #[error("the name {0:?} and others like it are taken on this network")]
    Names(String),
}

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.Server",
    default_service = "org.freedesktop.Avahi",
    default_path = "/",
    gen_blocking = false
)]
trait Server {
    fn entry_group_new(&self) -> zbus::Result<OwnedObjectPath>;
    fn get_alternative_service_name(&self, name: &str) -> zbus::Result<String>;
    fn get_host_name_fqdn(&self) -> zbus::Result<String>;
    fn get_network_interface_index_by_name(&self, name: &str) -> zbus::Result<i32>;
}

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.EntryGroup",
    default_service = "org.freedesktop.Avahi",
    gen_blocking = false
)]
trait EntryGroup {
    #[allow(clippy::too_many_arguments)]
    fn add_service(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: &str,
        service: &str,
        domain: &str,
        host: &str,
        port: u16,
        txt: &[Vec<u8>],
    ) -> zbus::Result<()>;
    #[allow(clippy::too_many_arguments)]
    fn add_service_subtype(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: &str,
        service: &str,
        domain: &str,
        subtype: &str,
    ) -> zbus::Result<()>;
    fn commit(&self) -> zbus::Result<()>;
    fn free(&self) -> zbus::Result<()>;
    #[zbus(signal)]
    fn state_changed(&self, state: i32, error: &str) -> zbus::Result<()>;
}

/// Avahi, as long as it runs.
pub(super) struct Avahi {
    connection: Connection,
    server: ServerProxy<'static>,
}

/// How it went with one group of records.
enum Ended {
    /// There is something else to announce.
    Changed,
    /// Somebody else has the name.
    Collision,
    /// Avahi has gone.
    Gone,
}

impl Avahi {
    /// Avahi, if it runs. It is not started.
    pub(super) async fn find() -> Option<Self> {
        let found = async {
            let connection = Connection::system().await.ok()?;
            let bus = DBusProxy::new(&connection).await.ok()?;
            let there = bus.name_has_owner(BusName::try_from(AVAHI).ok()?).await;
            there.ok().filter(|there| *there)?;
            let server = ServerProxy::new(&connection).await.ok()?;
            Some(Self { connection, server })
        };
        timeout(ANSWER, found).await.ok().flatten()
    }

    /// Announces for as long as Avahi runs.
    pub(super) async fn announce(
        &self,
        announcement: &mut watch::Receiver<Announcement>,
        named: &watch::Sender<Option<String>>,
    ) -> Result<(), AvahiError> {
        let mut renamed: Option<String> = None;
        let mut tried = 0;
        loop {
            let wanted = announcement.borrow_and_update().clone();
            let name = renamed.clone().unwrap_or_else(|| wanted.name.clone());
            match self.group(&wanted, &name, (announcement, named)).await? {
                Ended::Changed => {}
                Ended::Gone => return Ok(()),
                Ended::Collision if tried < NAMES => {
                    tried += 1;
                    let other = self.server.get_alternative_service_name(&name);
                    renamed = Some(answered(other).await?);
                }
                Ended::Collision => return Err(AvahiError::Names(wanted.name)),
            }
        }
    }

    /// Has one group of records told until something changes.
    async fn group(
        &self,
        wanted: &Announcement,
        name: &str,
        (announcement, named): (
            &mut watch::Receiver<Announcement>,
            &watch::Sender<Option<String>>,
        ),
    ) -> Result<Ended, AvahiError> {
        let path = answered(self.server.entry_group_new()).await?;
        let building = EntryGroupProxy::builder(&self.connection).path(path)?;
        let group = answered(building.build()).await?;
        let mut states = answered(group.receive_state_changed()).await?;
        let bus = answered(DBusProxy::new(&self.connection)).await?;
        let mut owners = answered(bus.receive_name_owner_changed_with_args(&[(0, AVAHI)])).await?;
        self.fill(&group, wanted, name).await?;
        answered(group.commit()).await?;
        let ended = loop {
            tokio::select! {
                changed = announcement.changed() => match changed {
                    Ok(()) => break Ended::Changed,
                    // Nobody announces any more; this future is about to be dropped.
                    Err(_) => break Ended::Gone,
                },
                owner = owners.next() => match owner {
                    Some(owner) if owner.args().is_ok_and(|args| args.new_owner.is_some()) => {}
                    _ => return Ok(Ended::Gone),
                },
                state = states.next() => {
                    let Some(state) = state else { return Ok(Ended::Gone) };
                    let Ok(state) = state.args() else { continue };
                    match state.state {
                        ESTABLISHED => {
                            tracing::info!(name, "announced by Avahi");
                            named.send_replace(Some(name.to_owned()));
                        }
                        COLLISION => break Ended::Collision,
                        FAILURE => return Err(AvahiError::Failed(state.error.to_owned())),
                        _ => {}
                    }
                }
            }
        };
        answered(group.free()).await?;
        Ok(ended)
    }

    async fn fill(
        &self,
        group: &EntryGroupProxy<'_>,
        wanted: &Announcement,
        name: &str,
    ) -> Result<(), AvahiError> {
        let (interface, host) = match wanted.reach {
            Reach::Network => {
                let host = answered(self.server.get_host_name_fqdn()).await?;
                (UNSPECIFIED, host)
            }
            Reach::ThisComputer => {
                let interface = self.server.get_network_interface_index_by_name(LOOPBACK);
                (answered(interface).await?, "localhost".to_owned())
            }
        };
        for kind in &wanted.kinds {
            let Kind { service, port, .. } = *kind;
            let txt: Vec<Vec<u8>> = (kind.txt_on(&host).iter())
                .map(|(key, value)| format!("{key}={value}").into_bytes())
                .collect();
            let (protocol, flags, domain) = (UNSPECIFIED, 0, "");
            // Without a host the service is on this one.
            let added = group.add_service(
                interface, protocol, flags, name, service, domain, "", port, &txt,
            );
            answered(added).await?;
            for subtype in kind.subtypes {
                let subtype = format!("{subtype}._sub.{service}");
                let added = group.add_service_subtype(
                    interface, protocol, flags, name, service, domain, &subtype,
                );
                answered(added).await?;
            }
        }
        Ok(())
    }
}

/// What the bus answers, if it does so in time.
async fn answered<T>(asked: impl Future<Output = zbus::Result<T>>) -> Result<T, AvahiError> {
    match timeout(ANSWER, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(AvahiError::Silent),
    }
}
