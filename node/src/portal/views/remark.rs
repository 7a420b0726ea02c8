//! What a user is told of what was done.

use papermesh_protocol::remedy::Remedy;

use super::Said;
use crate::control::ErrorCode;
use crate::pages::Words;
use crate::portal::commands::Remark;

/// A remark, in the words of the page.
pub(super) fn said(t: &Words, remark: &Remark) -> Said {
    let about = |key: &str, name: &str| t.say_with(key, [("name", name.into())]);
    let good = |text: String| Said {
        kind: "good",
        icon: "check",
        text,
        detail: None,
    };
    let bad = |text: String| Said {
        kind: "warn",
        icon: "warn",
        text,
        detail: None,
    };
    match remark {
        Remark::Deleted(title) => good(about("said-deleted", title)),
        Remark::Protected { title, on: true } => good(about("said-protected", title)),
        Remark::Protected { title, on: false } => good(about("said-unprotected", title)),
        Remark::Unlocked(title) => good(about("said-unlocked", title)),
        Remark::Moved(title) => good(about("said-moved", title)),
        Remark::PinChanged { outdated } if outdated.is_empty() => {
            good(t.say("said-pin").into_owned())
        }
        Remark::PinChanged { outdated } => good(about("said-pin-outdated", &outdated.join(", "))),
        Remark::Approved(name) => good(about("said-approved", name)),
        Remark::Refused => good(t.say("said-refused").into_owned()),
        Remark::Withdrawn => good(t.say("said-withdrawn").into_owned()),
        Remark::Revoked(name) => good(about("said-revoked", name)),
        Remark::Enabled(name) => good(about("said-enabled", name)),
        Remark::Disabled(name) => good(about("said-disabled", name)),
        Remark::BadgeGiven { user, former: None } => good(about("said-badge", user)),
        Remark::BadgeGiven {
            user,
            former: Some(former),
        } => good(t.say_with(
            "said-badge-former",
            [
                ("name", user.as_str().into()),
                ("former", former.as_str().into()),
            ],
        )),
        Remark::BadgeTaken(user) => good(about("said-badge-taken", user)),
        Remark::GatewayAdded(domain) => good(about("said-gateway", domain)),
        Remark::GatewayRemoved(domain) => good(about("said-gateway-removed", domain)),
        Remark::Dismissed(name) => good(about("said-dismissed", name)),
        Remark::PlaceOpened => good(t.say("said-place").into_owned()),
        Remark::PlaceClosed => good(t.say("said-place-closed").into_owned()),
        Remark::TokenWithdrawn(name) => good(about("said-token", name)),
        Remark::MailAddressAdded(address) => good(about("said-address", address)),
        Remark::MailAddressRemoved(address) => good(about("said-address-removed", address)),
        Remark::PolicyChanged => good(t.say("said-policy").into_owned()),
        Remark::Verified { records, head } => Said {
            detail: Some(head.clone()),
            ..good(t.say_with("said-verified", [("count", (*records).into())]))
        },
        Remark::Typed(key) => bad(t.say(key).into_owned()),
        Remark::Wait(seconds) => {
            let (key, count) = match seconds {
                0..=90 => ("notice-wait-seconds", (*seconds).max(1)),
                _ => ("notice-wait-minutes", seconds.div_ceil(60)),
            };
            bad(t.say_with(key, [("count", count.into())]))
        }
        Remark::Failed(error) => Said {
            detail: Some(error.in_full().to_string()),
            ..bad(t
                .say(match error.code {
                    ErrorCode::NotFound => "failed-gone",
                    ErrorCode::Busy => "failed-busy",
                    ErrorCode::Unreachable | ErrorCode::Timeout => "failed-away",
                    ErrorCode::BadData => "failed-data",
                    _ => "failed",
                })
                .into_owned())
        },
    }
}
