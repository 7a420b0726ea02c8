//! The users of the site, on an admin.

use papermesh_protocol::id::{BadgeTag, UserKey};
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::{UserEntry, UserState};
use serde::{Deserialize, Serialize};

use super::Inner;
use super::badges::{BADGES_BOUND, BadgeRow};
use super::column::Key;
use super::columns::{BADGES, USERS};
use super::database::{Durability, Range};
use super::error::StoreError;
use super::table::Bound;

/// Users of one site.
const USERS_BOUND: Bound = Bound {
    max: 100_000,
    what: "users",
};

/// What an admin knows of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRow {
    /// The entry as it was signed last; none before the first time.
    pub entry: Option<Envelope<UserEntry>>,
    /// The sequence number of that entry; zero before.
    pub sequence: u64,
    /// The user's name, for people.
    pub display: Name,
    /// The user's key; none until the user enrolled.
    pub key: Option<UserKey>,
    /// Tags of the user's badges.
    pub badges: Vec<BadgeTag>,
    /// Groups that policies may name.
    pub groups: Vec<Name>,
    /// Whether the user may print.
    pub state: UserState,
}

/// The users of a site.
pub struct Users<'a>(pub(super) &'a Inner);

impl Users<'_> {
    /// A user.
    pub fn get(&self, user: &UserId) -> Result<Option<UserRow>, StoreError> {
        self.0.database.get(&USERS, user)
    }

    /// Changes a user, durably and with nobody in between, along with the badges that come and go
    /// by it. `change` finds the row in its argument and leaves there what it shall become; what
    /// it returns is returned, with the tags of the badges whose records are to be published anew.
    ///
    /// # Errors
    /// [`StoreError::BadgeTaken`] if a badge is another user's; nothing is changed then.
    pub fn change<T>(
        &self,
        user: &UserId,
        change: impl FnOnce(&mut Option<UserRow>) -> T,
    ) -> Result<(T, Vec<BadgeTag>), StoreError> {
        let database = &self.0.database;
        let _writing = self.0.writing();
        let mut row = self.get(user)?;
        let had = row.as_ref().map_or_else(Vec::new, |row| row.badges.clone());
        let told = change(&mut row);
        let has = row.as_ref().map_or_else(Vec::new, |row| row.badges.clone());

        let mut batch = database.batch();
        match &row {
            Some(row) => USERS_BOUND.put(database, &mut batch, &USERS, (user, row))?,
            None => batch.delete(&USERS, user)?,
        }
        let mut changed = Vec::new();
        for tag in has.iter().filter(|tag| !had.contains(tag)) {
            let before = database.get(&BADGES, tag)?;
            if let Some(BadgeRow {
                user: Some(owner), ..
            }) = &before
                && owner != user
            {
                return Err(StoreError::BadgeTaken {
                    user: owner.clone(),
                });
            }
            let sequence = before.map_or(1, |before| before.sequence + 1);
            let after = BadgeRow {
                user: Some(user.clone()),
                sequence,
            };
            BADGES_BOUND.put(database, &mut batch, &BADGES, (tag, &after))?;
            changed.push(*tag);
        }
        for tag in had.iter().filter(|tag| !has.contains(tag)) {
            let sequence = database
                .get(&BADGES, tag)?
                .map_or(1, |before| before.sequence + 1);
            batch.put(
                &BADGES,
                tag,
                &BadgeRow {
                    user: None,
                    sequence,
                },
            )?;
            changed.push(*tag);
        }
        batch.commit(Durability::Synced)?;
        Ok((told, changed))
    }

    /// At most `limit` users in the order of their ids, after the given one.
    pub fn scan(
        &self,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, UserRow)>, StoreError> {
        self.0
            .database
            .scan(&USERS, Range::all().after(after.map(Key::to_bytes)), limit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::sample::{store, user};
    use super::*;

    fn tag(number: u8) -> BadgeTag {
        BadgeTag::from_bytes([number; 32])
    }

    fn with(badges: &[u8]) -> UserRow {
        UserRow {
            entry: None,
            sequence: 0,
            display: "Alice".parse().unwrap(),
            key: None,
            badges: badges.iter().copied().map(tag).collect(),
            groups: Vec::new(),
            state: UserState::Active,
        }
    }

    #[test]
    fn badges_follow_their_users_and_change_hands_only_when_taken_back() {
        let (_home, store) = store().unwrap();
        let put = |name: &str, badges: &[u8]| {
            store
                .users()
                .change(&user(name), |row| *row = Some(with(badges)))
        };
        let badge = |number| store.badges().get(tag(number)).unwrap().unwrap();
        assert_eq!(put("alice", &[1, 2]).unwrap().1, [tag(1), tag(2)]);
        assert!(
            matches!(put("bob", &[3, 2]), Err(StoreError::BadgeTaken { user }) if user.as_str() == "alice")
        );
        assert_eq!(store.users().get(&user("bob")).unwrap(), None);
        assert_eq!(store.badges().get(tag(3)).unwrap(), None);

        assert_eq!(put("alice", &[1]).unwrap().1, [tag(2)]);
        assert_eq!(
            badge(2),
            BadgeRow {
                user: None,
                sequence: 2
            }
        );
        assert_eq!(put("bob", &[2]).unwrap().1, [tag(2)]);
        assert_eq!(
            badge(2),
            BadgeRow {
                user: Some(user("bob")),
                sequence: 3
            }
        );
        assert_eq!(put("bob", &[2]).unwrap().1, []);

        store
            .users()
            .change(&user("bob"), |row| *row = None)
            .unwrap();
        assert_eq!(
            badge(2),
            BadgeRow {
                user: None,
                sequence: 4
            }
        );
        assert_eq!(
            store.users().scan(None, 10).unwrap(),
            [(user("alice"), with(&[1]))]
        );
    }
}
