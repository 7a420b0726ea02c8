//! The whole way of one request, from the body of HTTP to the answer, in front of jobs in memory:
//! for fuzzers, and for the tests that replay what they found. Built for these only.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Extension;
use axum::http::{Request, StatusCode, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use papermesh_ipp_guard as ipp_guard;
use papermesh_web::{Account, Behind, Slots, Way};
use tokio::runtime::Builder;

use super::http;
use super::identity::Identity;
use super::limits;
use super::names::Owners;
use super::outside::Pages;
use super::owner::Peer;
use super::server::IppServer;
use super::tests::memory::Memory;

/// More than any answer has.
const ANSWER: usize = 16 * 1024 * 1024;
/// The user of this computer.
const USER: &str = "charlie";

/// Sends these bytes as the body of a request of a program of this computer.
///
/// # Panics
/// If the printer gives no answer that IPP would have, or holds what nobody printed: that is what
/// is looked for.
pub fn rehearse(body: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(one(body));
}

async fn one(body: &[u8]) {
    let jobs = Memory::of(&[USER]);
    let identity = Identity {
        name: "Acme Papermesh".to_owned(),
        location: "laptop-1".to_owned(),
        organization: "Acme".to_owned(),
        seed: vec![7; 32],
    };
    let server = IppServer::new(jobs.clone(), identity, Owners::default());
    let slot = Slots::new(limits::CONNECTIONS).take();
    let peer = Peer {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        own: std::net::Ipv4Addr::LOCALHOST.into(),
        tls: false,
        way: Way::Socket,
    };
    let router = http::router(server, Pages(Router::new()))
        .layer(Extension(peer))
        .layer(Extension(Behind::Account(Account::own())))
        .layer(Extension(Arc::new(slot.expect("a free slot"))));
    let request = Request::post(super::PATH)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/ipp")
        .body(Body::from(body.to_vec()))
        .expect("a request");
    let answer = TowerToHyperService::new(router).call(request).await;
    let answer = answer.expect("no service fails");
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = to_bytes(answer.into_body(), ANSWER).await;
    let answer = answer.expect("an answer of some size");
    // What it says is well-formed itself.
    ipp_guard::inspect(&answer).expect("an answer in IPP");
    for job in jobs.all().values() {
        assert!(!job.documents.is_empty() && job.user.as_str() == USER);
    }
}
