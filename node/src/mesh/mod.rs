//! Stand-in until the mesh is merged.
#![allow(missing_docs)]
pub mod frame;
use std::sync::Arc;
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::signed::Signed;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol { Release, Job, Site, Enroll, Link }
#[derive(Debug, Clone)]
pub struct Member { pub node: NodeId, pub certificate: Arc<Signed<Certificate>> }
