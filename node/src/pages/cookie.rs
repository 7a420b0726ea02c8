//! Cookies (RFC 6265): what a browser remembers and no script reads.

use axum::http::{HeaderMap, header};

/// The cookie of this name, if the browser sent it.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; papermesh=2".parse().unwrap());
        headers.append(header::COOKIE, "papermesh-portal=3=4".parse().unwrap());
        assert_eq!(cookie(&headers, "papermesh"), Some("2"));
        assert_eq!(cookie(&headers, "papermesh-portal"), Some("3=4"));
        assert_eq!(cookie(&headers, "b"), None);
    }
}
