//! A device token in the path, for proxies that show no password (PAPPL): `/t/TOKEN/ipp/print/NAME`. Such a path
//! is as good as the token: all URIs that are told to who has it begin with it, and it stands in no log.

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use papermesh_protocol::gateway::token::DeviceToken;

/// Where paths with a token begin.
const PREFIX: &str = "/t/";

/// A device token that stood in the path of a request.
#[derive(Clone, Debug)]
pub(super) struct Capability(pub(super) DeviceToken);

impl Capability {
    /// What the URIs begin with that are told to who has it, after their host.
    pub(super) fn prefix(&self) -> String {
        format!("{PREFIX}{}", *self.0.expose())
    }

    /// The token in a path, and the path without it; none if there is no place for one.
    fn split(uri: &Uri) -> Option<Option<(Self, Uri)>> {
        let rest = uri.path().strip_prefix(PREFIX)?;
        let (token, _) = rest.split_once('/').unwrap_or((rest, ""));
        let within = rest[token.len()..].parse().ok();
        let token = token.parse().ok().map(Self);
        Some(token.zip(within))
    }
}

/// Takes the token out of the path of a request, which carries it from then on.
pub(super) async fn capable(mut request: Request, next: Next) -> Response {
    match Capability::split(request.uri()) {
        None => {}
        Some(None) => return StatusCode::NOT_FOUND.into_response(),
        Some(Some((capability, within))) => {
            *request.uri_mut() = within;
            request.extensions_mut().insert(capability);
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_in_a_path_is_taken_out_and_put_back() {
        let token = "pd-0123456789abcdefghjkmnpq";
        let path: Uri = format!("/t/{token}/ipp/print/hall").parse().unwrap();
        let (capability, within) = Capability::split(&path).unwrap().unwrap();
        assert_eq!(within.path(), "/ipp/print/hall");
        assert_eq!(capability.prefix(), format!("/t/{token}"));
        assert!(!format!("{capability:?}").contains(token));
        for nothing in [
            "/t/2468/ipp/print/hall",
            "/t/",
            "/t/pm-0123456789abcdefghjkmnpq/x",
        ] {
            assert!(
                Capability::split(&nothing.parse().unwrap())
                    .unwrap()
                    .is_none()
            );
        }
        assert!(Capability::split(&"/ipp/print/hall".parse().unwrap()).is_none());
    }
}
