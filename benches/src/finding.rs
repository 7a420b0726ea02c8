//! Finding the holders of a user in the DHT: from the question to the first holder that can be
//! believed. Real meshes and directories; the nodes that only store records share some processes,
//! half of which are then killed.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use papermesh_mesh::Multiaddr;
use papermesh_protocol::text::UserId;
use serde::{Deserialize, Serialize};

use crate::Scale;
use crate::part::{self, Part};
use crate::site::{Node, Site};
use crate::table::{Row, Waits};

/// The name of the part that is many nodes.
pub(crate) const NEIGHBOURS: &str = "neighbours";

/// Nodes that hold, and nodes that search; they are in the measuring process.
const HOLDERS: usize = 3;
const SEARCHERS: usize = 4;
/// Nodes that share a process. More would be more memory than a node allows its process.
const TOGETHER: u32 = 25;
/// How long one search may take before it counts as such.
const SEARCH: Duration = Duration::from_secs(10);
/// What a search should take at the 99th percentile, and when half the nodes have just died.
const AIM: Duration = Duration::from_millis(1);
const AIM_HALF: Duration = Duration::from_millis(2);

/// What a part of the DHT is told.
#[derive(Serialize, Deserialize)]
pub(crate) struct Neighbourhood {
    first: u32,
    count: u32,
    bootstrap: Vec<Multiaddr>,
}

pub(crate) fn measure(scale: Scale) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut rows = Vec::new();
    for &nodes in scale.meshes {
        rows.extend(runtime.block_on(among(nodes, scale.searches))?);
    }
    Ok(rows)
}

async fn among(nodes: usize, searches: usize) -> Result<Vec<Row>> {
    let others = u32::try_from(nodes - HOLDERS - SEARCHERS)?;
    let half = others / 2;
    // Whoever begins knows members of both halves: one of them will be dead.
    let (_stays, bootstrap) = neighbourhood(0..half, Vec::new())?;
    let (dies, bootstrap) = neighbourhood(half..others, bootstrap)?;

    let site = Site::new()?;
    let mut here = Vec::new();
    for number in others..u32::try_from(nodes)? {
        here.push(site.node(number, &bootstrap).await?);
    }
    for node in &here {
        node.settled(nodes).await?;
    }
    let (holders, searchers) = here.split_at(HOLDERS);
    let mut users = Vec::new();
    for (number, holder) in (0..2 * searches).zip(holders.iter().cycle()) {
        let user: UserId = format!("user-{number}").parse().context("a user id")?;
        let took = holder.advertise(&user).await?;
        anyhow::ensure!(took > 0, "nobody stores the advert of {user}");
        users.push(user);
    }
    let (before, after) = users.split_at(searches);
    let folder = tempfile::tempdir()?;
    let calm = search(searchers, before, &folder.path().join("calm")).await?;
    for mut part in dies {
        part.kill()?;
    }
    let shaken = search(searchers, after, &folder.path().join("shaken")).await?;
    Ok(vec![
        Row::wait(&format!("first holder, {nodes} nodes"), &calm, 0.99, AIM),
        Row::wait(
            &format!("first holder, {nodes} nodes, half just killed"),
            &shaken,
            0.99,
            AIM_HALF,
        ),
    ])
}

/// Each user is searched once, by the searchers in turn.
async fn search(searchers: &[Node], users: &[UserId], folder: &std::path::Path) -> Result<Waits> {
    let mut directories = Vec::new();
    for (number, searcher) in searchers.iter().enumerate() {
        directories.push(searcher.directory(&folder.join(number.to_string()))?);
    }
    let mut waits = Waits::default();
    for (user, directory) in users.iter().zip(directories.iter().cycle()) {
        let begun = Instant::now();
        let mut search = directory.find(user);
        let found = tokio::time::timeout(SEARCH, search.next()).await;
        waits.note(begun.elapsed());
        if !matches!(found, Ok(Some(_))) {
            eprintln!("the holder of {user} was not found");
        }
    }
    Ok(waits)
}

/// Starts the nodes of these numbers. Gives their processes, and with the members at which they
/// began one of each process, for others to begin at.
fn neighbourhood(
    numbers: Range<u32>,
    mut bootstrap: Vec<Multiaddr>,
) -> Result<(Vec<Part>, Vec<Multiaddr>)> {
    let mut parts = Vec::new();
    for first in numbers.clone().step_by(usize::try_from(TOGETHER)?) {
        let of = Neighbourhood {
            first,
            count: TOGETHER.min(numbers.end - first),
            bootstrap: bootstrap.clone(),
        };
        let (part, begin): (Part, Vec<Multiaddr>) = Part::start(NEIGHBOURS, &of)?;
        parts.push(part);
        bootstrap.extend(begin);
    }
    Ok((parts, bootstrap))
}

/// Many nodes in this process; the first is where others begin.
pub(crate) async fn neighbours(of: Neighbourhood) -> Result<()> {
    let site = Site::new()?;
    let mut bootstrap = of.bootstrap;
    let mut nodes = Vec::new();
    for number in of.first..of.first + of.count {
        let node = site.node(number, &bootstrap).await?;
        if bootstrap.is_empty() {
            bootstrap.push(node.address()?);
        }
        nodes.push(node);
    }
    for node in &nodes {
        node.settled(nodes.len()).await?;
    }
    let begin = nodes.first().context("no nodes")?.address()?;
    part::say(&vec![begin])?;
    while let Some(()) = part::told().await? {}
    Ok(())
}
