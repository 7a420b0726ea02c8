//! The mesh: whether this node reaches other members and is reached.

use super::{bad, doubtful, good};
use crate::control::message::Finding;
use crate::node::Services;

impl Services {
    pub(super) fn mesh_reach(&self) -> Finding {
        let status = self.mesh.status();
        if status.listening.is_empty() {
            bad(
                "addresses",
                "this node does not listen on any address; others can reach it only through a relay".to_owned(),
                "check in --listen that the port is free and the address belongs to this machine",
            )
        } else {
            good("addresses", status.advertised.join(", "))
        }
    }

    pub(super) fn members(&self) -> Finding {
        match self.mesh.status().members.len() {
            0 => doubtful(
                "members",
                "no other member is connected".to_owned(),
                "check that another node of the site is running; where multicast does not pass, give --bootstrap the \
                 address of a member that is always on",
            ),
            n => good("members", format!("{n} connected")),
        }
    }

    pub(super) fn relay(&self) -> Finding {
        match self
            .mesh
            .status()
            .members
            .iter()
            .filter(|member| member.relayed)
            .count()
        {
            0 => good("relay", "all connections are direct".to_owned()),
            n => doubtful(
                "relay",
                format!("{n} connections go through a relay, which is slower"),
                "open or forward the node's port (--listen, --announce) if that matters",
            ),
        }
    }
}
