//! A program with a node in it: tells which members of the site come and go.
//!
//! The home must be that of a member (`papermesh init` or `papermesh join`), and no other program may run its
//! node:
//!
//! ```sh
//! cargo run -p papermesh-node --example who_is_there -- ~/.local/share/papermesh
//! ```
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;

use papermesh_node::config::{Config, Home, Settings};
use papermesh_node::logs;
use papermesh_node::node::Node;
use papermesh_protocol::id::NodeId;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("say which home")?;
    logs::start(logs::NODE_FILTER, false)?;
    let home = Home::at(folder);
    // Nothing is said by flags or environment; the rest is in the home's papermesh.toml.
    let config = Config::load(&home, Settings::default(), Settings::default())?;
    // A key of an admin that is sealed with a passphrase stays sealed.
    let node = Node::start(&home, config, None).await?;

    let mut mesh = node.mesh().watch();
    let stop = CancellationToken::new();
    let running = tokio::spawn(node.run(stop.clone()));
    let mut here = BTreeMap::new();
    loop {
        let members = mesh.borrow_and_update().members.clone();
        let now: BTreeMap<NodeId, String> = members
            .into_iter()
            .map(|member| (member.node, member.name))
            .collect();
        for (node, name) in now.iter().filter(|(node, _)| !here.contains_key(*node)) {
            println!("{name} is here: {node}");
        }
        for (node, name) in here.iter().filter(|(node, _)| !now.contains_key(*node)) {
            println!("{name} has gone: {node}");
        }
        here = now;
        tokio::select! {
            changed = mesh.changed() => if changed.is_err() { break },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    stop.cancel();
    running.await?;
    Ok(())
}
