//! Whom each badge names, on an admin. Rows change together with those of the users
//! ([`super::users`]).

use papermesh_protocol::id::BadgeTag;
use papermesh_protocol::text::UserId;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::column::Key;
use super::columns::BADGES;
use super::database::{Durability, Range};
use super::error::StoreError;
use super::table::Bound;

/// Badges of one site, with those that were taken back.
pub(super) const BADGES_BOUND: Bound = Bound {
    max: 400_000,
    what: "badges",
};

/// What a badge names. The row stays when the badge was taken back, because the record that says
/// so in the DHT needs a higher sequence number than the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadgeRow {
    /// Its user; none when it was taken back.
    pub user: Option<UserId>,
    /// Grows with every change.
    pub sequence: u64,
}

/// The badges of a site.
pub struct Badges<'a>(pub(super) &'a Inner);

impl Badges<'_> {
    /// What a badge names.
    pub fn get(&self, tag: BadgeTag) -> Result<Option<BadgeRow>, StoreError> {
        self.0.database.get(&BADGES, &tag)
    }

    /// Takes over what a record that the authority signed elsewhere says, if it is newer than what
    /// is known here; whom the badge names then follows the users' own rows again when they change.
    pub fn learn(&self, tag: BadgeTag, row: BadgeRow) -> Result<(), StoreError> {
        let _writing = self.0.writing();
        if self
            .get(tag)?
            .is_some_and(|known| known.sequence >= row.sequence)
        {
            return Ok(());
        }
        let mut batch = self.0.database.batch();
        BADGES_BOUND.put(&self.0.database, &mut batch, &BADGES, (&tag, &row))?;
        batch.commit(Durability::Synced)
    }

    /// At most `limit` badges in the order of their tags, after the given one.
    pub fn scan(
        &self,
        after: Option<BadgeTag>,
        limit: usize,
    ) -> Result<Vec<(BadgeTag, BadgeRow)>, StoreError> {
        self.0.database.scan(
            &BADGES,
            Range::all().after(after.map(|tag| tag.to_bytes())),
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
    fn only_newer_records_are_learned() {
        let (_home, store) = store().unwrap();
        let tag = BadgeTag::from_bytes([1; 32]);
        let row = |name: &str, sequence| BadgeRow {
            user: Some(user(name)),
            sequence,
        };
        store.badges().learn(tag, row("alice", 3)).unwrap();
        store.badges().learn(tag, row("bob", 3)).unwrap();
        assert_eq!(store.badges().get(tag).unwrap(), Some(row("alice", 3)));
        store.badges().learn(tag, row("bob", 4)).unwrap();
        assert_eq!(
            store.badges().scan(None, 9).unwrap(),
            [(tag, row("bob", 4))]
        );
    }
}
