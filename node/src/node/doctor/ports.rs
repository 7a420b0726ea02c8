//! Ports: whether this node can listen where it is to, and whether its pages are open.

use papermesh_mesh as mesh;

use super::{bad, doubtful, good};
use crate::config::Config;
use crate::control::message::Finding;
use crate::node::{Services, portal};

impl Services {
    /// Whether `papermesh open` has something to open.
    pub(super) fn own_page(&self) -> Finding {
        match (&self.portal, self.config.portal.address()) {
            (Some(portal), _) => good("portal", format!("{} answers", portal.url())),
            (None, None) => good("portal", "switched off".to_owned()),
            (None, Some(_)) if !portal::has_pages(self.mesh.membership().certificate().roles) => {
                good(
                    "portal",
                    "not needed: nobody has a page on this node".to_owned(),
                )
            }
            // It became an admin's, or the other program has gone.
            (None, Some(address)) if mesh::is_free(address).is_ok() => doubtful(
                "portal",
                "it is not open, so `papermesh open` has no page to open".to_owned(),
                "restart the node",
            ),
            (None, Some(address)) => doubtful(
                "portal",
                format!(
                    "another program listens on {address}, so `papermesh open` has no page to open"
                ),
                "stop that program and restart the node, or choose another port with --portal",
            ),
        }
    }
}

/// Whether the configured ports are free. One that is left open always is.
pub(super) fn ports(config: &Config) -> Finding {
    let sockets = config
        .listen
        .iter()
        .chain(&config.join_listen)
        .filter_map(|text| mesh::socket_of(&text.parse().ok()?))
        .chain(config.ipp.address())
        .chain(config.panel.address().filter(|_| config.panel_demanded))
        .chain(config.portal.address().filter(|_| config.portal_demanded));
    let taken: Vec<String> = sockets
        .filter_map(|socket| {
            let error = mesh::is_free(socket).err()?;
            Some(format!("{socket} ({error})"))
        })
        .collect();
    if taken.is_empty() {
        good("ports", "free".to_owned())
    } else {
        bad(
            "ports",
            format!("the node cannot listen on {}", taken.join(" and ")),
            "stop the program that listens there, or choose another port or an address of this machine",
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Home, Settings};
    use crate::control::message::Verdict;

    #[test]
    fn a_taken_port_is_found() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = |port: u16| {
            let listen = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
            let settings = Settings {
                listen: Some(vec![listen]),
                ..Settings::default()
            };
            settings.resolve(&Home::at(folder.path()))
        };
        let found = ports(&config(at.port()));
        assert_eq!(found.verdict, Verdict::Bad);
        assert!(found.detail.contains(&at.to_string()), "{}", found.detail);
        assert_eq!(ports(&config(0)).verdict, Verdict::Good);
    }
}
