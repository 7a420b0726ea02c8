//! The two pages for whoever looks after the node.
//!
//! `/healthz` answers 200 once the mesh listens and 503 before; `/metrics` is OpenMetrics text.
//! They tell nothing of users or jobs, and need no secret, but bind them to a private address.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use papermesh_mesh::Mesh;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

struct Pages {
    mesh: Mesh,
    metrics: Metrics,
}

/// Serves the pages until the process ends.
pub(crate) async fn serve(address: SocketAddr, mesh: Mesh) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another with --http"))?;
    tracing::info!(address = %listener.local_addr()?, "health and metrics");
    let pages = Arc::new(Pages {
        mesh,
        metrics: Metrics::new(),
    });
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(pages);
    axum::serve(listener, router)
        .await
        .context("the pages stopped")
}

async fn healthz(State(pages): State<Arc<Pages>>) -> Response {
    if pages.mesh.status().listening.is_empty() {
        (StatusCode::SERVICE_UNAVAILABLE, "not listening yet\n").into_response()
    } else {
        (StatusCode::OK, "ok\n").into_response()
    }
}

async fn metrics(State(pages): State<Arc<Pages>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match pages.metrics.text(&pages.mesh.status()) {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
