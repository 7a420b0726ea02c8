//! Announcing by ourselves, where no Avahi runs.
//!
//! The library can tell one subtype of a service; `_universal`, without which phones pass a printer
//! over, comes last in every list and is the one that is told.

use mdns_sd::{DaemonEvent, DnsNameChange, RRType, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;

use super::announcement::{Announcement, Kind};

/// Announces until `until` is over.
pub(super) async fn announce(
    announcement: &mut watch::Receiver<Announcement>,
    named: &watch::Sender<Option<String>>,
    until: impl Future<Output = ()>,
) -> Result<(), mdns_sd::Error> {
    tokio::pin!(until);
    loop {
        let wanted = announcement.borrow_and_update().clone();
        let announced = Announced::start(&wanted)?;
        let events = announced.daemon.monitor()?;
        named.send_replace(Some(wanted.name.clone()));
        loop {
            tokio::select! {
                () = &mut until => return Ok(()),
                changed = announcement.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return Ok(()),
                },
                event = events.recv_async() => match event {
                    Ok(DaemonEvent::NameChange(change)) => {
                        if let Some(name) = renamed(&wanted.name, &change) {
                            tracing::info!(name, "name taken by others; announced under another name");
                            named.send_replace(Some(name));
                        }
                    }
                    Ok(_) => {}
                    Err(_) => break,
                },
            }
        }
    }
}

/// The new name of a service that had this one; none if something else was renamed.
fn renamed(name: &str, change: &DnsNameChange) -> Option<String> {
    let (_, service) = change.original.strip_prefix(name)?.split_at_checked(1)?;
    let renamed = change.new_name.strip_suffix(service)?.strip_suffix('.')?;
    (change.rr_type != RRType::A && change.rr_type != RRType::AAAA).then(|| renamed.to_owned())
}

/// What is announced; withdrawn when dropped.
struct Announced {
    daemon: ServiceDaemon,
    names: Vec<String>,
}

impl Announced {
    fn start(announcement: &Announcement) -> Result<Self, mdns_sd::Error> {
        let mut announced = Self {
            daemon: ServiceDaemon::new()?,
            names: Vec::new(),
        };
        for kind in &announcement.kinds {
            let service = describe(&announcement.name, kind)?;
            announced.names.push(service.get_fullname().to_owned());
            announced.daemon.register(service)?;
        }
        tracing::info!(name = announcement.name, "announced");
        Ok(announced)
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // All are only asked for here; the daemon's own thread says goodbye and ends.
        for name in &self.names {
            let _ = self.daemon.unregister(name);
        }
        let _ = self.daemon.shutdown();
    }
}

fn describe(name: &str, kind: &Kind) -> Result<ServiceInfo, mdns_sd::Error> {
    // Not the computer's own name, for which another responder may be answering.
    let host = format!("{}.local.", host_of(name));
    let service = match kind.subtypes.last() {
        Some(subtype) => format!("{subtype}._sub.{}.local.", kind.service),
        None => format!("{}.local.", kind.service),
    };
    let txt = kind.txt_on(&host);
    let service = ServiceInfo::new(&service, name, &host, "", kind.port, &txt[..])?;
    Ok(service.enable_addr_auto())
}

/// A host name made of a service's name: letters and digits, and a dash for everything else.
fn host_of(name: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '-',
    };
    let mut host: String = name.chars().map(plain).collect();
    while host.contains("--") {
        host = host.replace("--", "-");
    }
    format!("papermesh-{}", host.trim_matches('-'))
        .chars()
        .take(63)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_has_no_surprises() {
        assert_eq!(
            host_of("Acme Papermesh @ laptop-1"),
            "papermesh-acme-papermesh-laptop-1"
        );
        assert!(host_of(&"é x".repeat(40)).len() <= 63);
    }
}
