//! Print tokens of the users who print from this computer, by their digests: who reads this column
//! cannot print. And what is kept of device tokens, which are few ([`super::site`]).

use papermesh_protocol::gateway::token::allowance::{Allowance, Used};
use papermesh_protocol::gateway::token::rights::Rights;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Inner;
use super::column::Key;
use super::columns::{PROXIES, TOKENS};
use super::database::{Durability, Range};
use super::error::StoreError;
use super::table::{Bound, Table};

/// Tokens of all users of one computer.
const BOUND: Bound = Bound {
    max: 4096,
    what: "print tokens",
};

/// A print token, as its user made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRow {
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub name: Name,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// What it allows besides holding jobs.
    #[serde(default)]
    pub rights: Rights,
    /// How much may be printed with it.
    #[serde(default)]
    pub allowance: Allowance,
    /// How much was printed with it.
    #[serde(default)]
    pub used: Used,
}

/// A device token, with which a proxy fetches what is released at this printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTokenRow {
    /// What is kept of the token.
    pub token: TokenDigest,
    /// What it is called.
    pub name: Name,
    /// When it was made.
    pub made_at: Timestamp,
    /// The `output-device-uuid` of the proxy that showed it first; no other has it.
    pub device: Option<String>,
}

/// What the proxy that has a device token said, so that it need not say it again when the node was started again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyRow {
    /// What its printer is and can do, as IPP encodes it.
    pub attributes: ByteBuf,
    /// Its subscriptions to the printer.
    pub subscriptions: Vec<SubscriptionRow>,
}

/// A subscription to the infrastructure printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionRow {
    /// `notify-subscription-id`.
    pub id: i32,
    /// `notify-events`.
    pub events: Vec<String>,
    /// `notify-user-data`.
    pub user_data: Option<ByteBuf>,
    /// `notify-lease-duration`, in seconds.
    pub lease: u64,
    /// When it ends if nobody renews it.
    pub expires_at: Timestamp,
    /// No event has had a greater number.
    pub sequence: i32,
}

/// Proxies of one printer.
const PROXIES_BOUND: Bound = Bound {
    max: 64,
    what: "proxies",
};

/// What proxies said, by their device tokens.
pub(super) fn proxies(inner: &Inner) -> Table<'_, TokenDigest, ProxyRow> {
    Table::new(inner, PROXIES, PROXIES_BOUND)
}

/// The print tokens of a computer.
pub struct Tokens<'a>(pub(super) &'a Inner);

impl Tokens<'_> {
    /// Keeps a token, durably.
    pub fn put(&self, token: TokenDigest, row: &TokenRow) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let mut batch = self.0.database.batch();
        BOUND.put(&self.0.database, &mut batch, &TOKENS, (&token, row))?;
        batch.commit(Durability::Synced)
    }

    /// What a token is.
    pub fn get(&self, token: TokenDigest) -> Result<Option<TokenRow>, StoreError> {
        self.0.database.get(&TOKENS, &token)
    }

    /// Notes how much was printed with a token, durably; nothing if it is not kept any more. `used` is asked
    /// when nobody else writes, so that of two notes the later one stays.
    pub fn note(&self, token: TokenDigest, used: impl FnOnce() -> Used) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let Some(row) = self.0.database.get(&TOKENS, &token)? else {
            return Ok(());
        };
        let used = used();
        let mut batch = self.0.database.batch();
        batch.put(&TOKENS, &token, &TokenRow { used, ..row })?;
        batch.commit(Durability::Synced)
    }

    /// Keeps a token no longer: it is good for nothing from now on.
    pub fn delete(&self, token: TokenDigest) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        let mut batch = self.0.database.batch();
        batch.delete(&TOKENS, &token)?;
        batch.commit(Durability::Synced)
    }

    /// At most `limit` tokens in the order of their digests, after the given one.
    pub fn scan(
        &self,
        after: Option<TokenDigest>,
        limit: usize,
    ) -> Result<Vec<(TokenDigest, TokenRow)>, StoreError> {
        self.0.database.scan(
            &TOKENS,
            Range::all().after(after.map(|token| token.to_bytes())),
            limit,
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{store, user};
    use super::*;

    #[test]
    fn a_token_is_kept_until_it_is_deleted() {
        let (_home, store) = store().unwrap();
        let token = TokenDigest::from_bytes([1; 32]);
        let row = TokenRow {
            user: user("alice"),
            name: "iPad".parse().unwrap(),
            made_at: Timestamp::from_secs(1),
            until: Timestamp::from_secs(2),
            rights: Rights::default(),
            allowance: Allowance::default(),
            used: Used::default(),
        };
        let mut used = Used::default();
        used.take_job(row.allowance, row.made_at).unwrap();
        store.tokens().note(token, || used).unwrap();
        assert_eq!(store.tokens().get(token).unwrap(), None);
        store.tokens().put(token, &row).unwrap();
        assert_eq!(store.tokens().get(token).unwrap().as_ref(), Some(&row));
        assert_eq!(
            store.tokens().scan(None, 9).unwrap(),
            [(token, row.clone())]
        );
        store.tokens().note(token, || used).unwrap();
        let noted = store.tokens().get(token).unwrap();
        assert_eq!(noted, Some(TokenRow { used, ..row }));
        store.tokens().delete(token).unwrap();
        assert_eq!(store.tokens().get(token).unwrap(), None);
    }
}
