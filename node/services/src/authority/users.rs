//! The site's users: adding, listing, disabling. Each change signs the user's next entry, keeps it
//! and publishes it.
//!
//! A user's entry is published as soon as the user is added, without a key: on a shared PC people
//! print who never enroll on a computer of their own.

use std::time::Duration;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::id::BadgeTag;
use papermesh_protocol::invite::{TicketSecret, UserTicket};
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{UserEntry, UserState};
use papermesh_store::offload::offload;
use papermesh_store::{Purpose, Store, StoreError, UserRow};
use zeroize::Zeroizing;

use super::key::Signer;
use super::{Authority, AuthorityError, PAGE};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::ticket;

/// A user to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The user's id.
    pub user: UserId,
    /// The user's name; without one it stays, or is the id.
    pub display: Option<Name>,
    /// Groups that policies may name; with none they stay.
    pub groups: Vec<Name>,
    /// A badge number, as a reader reads it.
    pub badge: Option<BadgeNumber>,
    /// How long the ticket is good for.
    pub lifetime: Duration,
}

/// What a user enrolls with.
#[derive(Debug)]
pub struct IssuedTicket {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// The line.
    pub text: Zeroizing<String>,
    /// Good until then.
    pub expires_at: Timestamp,
    /// Whether the user has enrolled before: whoever uses this ticket replaces the user's key, and
    /// the computers linked until now have to be linked again.
    pub enrolled: bool,
}

/// A user as this admin knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// Whether the user may print.
    pub state: UserState,
    /// Whether the user enrolled on a computer.
    pub enrolled: bool,
    /// How many badges name the user.
    pub badges: u32,
    /// Groups.
    pub groups: Vec<Name>,
}

impl UserView {
    pub(super) fn of(user: UserId, row: &UserRow) -> Self {
        Self {
            user,
            display: row.display.clone(),
            state: row.state,
            enrolled: row.key.is_some(),
            badges: u32::try_from(row.badges.len()).unwrap_or(u32::MAX),
            groups: row.groups.clone(),
        }
    }
}

/// What became of a user.
pub(super) struct Changed {
    pub(super) row: UserRow,
    pub(super) entry: Signed<UserEntry>,
    /// Badges that name somebody else than before.
    pub(super) badges: Vec<BadgeTag>,
}

impl<N: Network> Authority<N> {
    /// Adds a user and makes a ticket to enroll with. For a user who is there already it changes
    /// what is said and makes another ticket.
    ///
    /// # Errors
    /// [`AuthorityError::UserDisabled`], [`AuthorityError::BadgeTaken`], [`AuthorityError::Badge`],
    /// [`AuthorityError::User`], [`AuthorityError::Lifetime`], and those of the key.
    pub async fn add_user(
        &self,
        new: NewUser,
        passphrase: Option<&str>,
    ) -> Result<IssuedTicket, AuthorityError> {
        let now = self.now();
        let expires_at = ticket::end(now, new.lifetime)?;
        let NewUser {
            user,
            display,
            groups,
            badge,
            ..
        } = new;
        let badge = badge
            .map(|number| lookup::badge_tag(self.membership().secret(), &number))
            .transpose()?;
        let key = self.key(passphrase).await?;
        self.learn_user(&user).await?;
        if let Some(tag) = badge {
            self.learn_badge(tag).await?;
        }
        let name = user.clone();
        let changed = self.change_user(&user, &key, move |row| {
            let row = row.get_or_insert_with(|| new_row(&name));
            if row.state == UserState::Disabled {
                return Err(AuthorityError::UserDisabled(name));
            }
            if let Some(display) = display {
                row.display = display;
            }
            if !groups.is_empty() {
                row.groups = groups;
            }
            if let Some(tag) = badge.filter(|tag| !row.badges.contains(tag)) {
                row.badges.push(tag);
            }
            Ok(())
        });
        let Changed { row, .. } = changed.await?;
        let ticket = UserTicket {
            site: self.site(),
            admin: self.mesh().node(),
            addresses: ticket::addresses(self.mesh().addresses()),
            secret: TicketSecret::random(&mut rand::rng()),
            user: user.clone(),
            expires_at,
        };
        let text = ticket.to_text()?;
        let (id, purpose) = (
            ticket::id(&ticket.secret),
            Purpose::Enroll { user: user.clone() },
        );
        let issued: Result<(), AuthorityError> = offload(self.store(), move |store| {
            store.tickets().sweep(now)?;
            Ok(store.tickets().issue(id, purpose, (now, expires_at))?)
        })
        .await;
        issued?;
        self.record_best_effort(
            Event::new(Kind::UserChanged)
                .user(&user)
                .because("added, ticket made"),
        )
        .await;
        Ok(IssuedTicket {
            user,
            display: row.display,
            text,
            expires_at,
            enrolled: row.key.is_some(),
        })
    }

    /// The users, by their ids.
    ///
    /// # Errors
    /// [`AuthorityError::NotAdmin`].
    pub async fn users(&self) -> Result<Vec<UserView>, AuthorityError> {
        self.is_open().await?.ok_or(AuthorityError::NotAdmin)?;
        offload(self.store(), |store| {
            let mut users = Vec::new();
            let mut after = None;
            loop {
                let page = store.users().scan(after.as_ref(), PAGE)?;
                after = page.last().map(|(user, _)| user.clone());
                let whole = page.len() == PAGE;
                users.extend(page.into_iter().map(|(user, row)| UserView::of(user, &row)));
                if !whole {
                    return Ok(users);
                }
            }
        })
        .await
    }

    /// Lets a user print, or no longer.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchUser`], and those of the key.
    pub async fn set_user_state(
        &self,
        user: &UserId,
        state: UserState,
        passphrase: Option<&str>,
    ) -> Result<UserView, AuthorityError> {
        let key = self.key(passphrase).await?;
        self.learn_user(user).await?;
        let name = user.clone();
        let changed = self.change_user(user, &key, move |row| {
            row.as_mut().ok_or(AuthorityError::NoSuchUser(name))?.state = state;
            Ok(())
        });
        let Changed { row, .. } = changed.await?;
        let what = match state {
            UserState::Active => "enabled",
            UserState::Disabled => "disabled",
        };
        self.record_best_effort(Event::new(Kind::UserChanged).user(user).because(what))
            .await;
        Ok(UserView::of(user.clone(), &row))
    }

    /// Changes a user's row, signs the entry that follows from it, and publishes that with the
    /// badges that changed hands.
    pub(super) async fn change_user(
        &self,
        user: &UserId,
        key: &Signer,
        change: impl FnOnce(&mut Option<UserRow>) -> Result<(), AuthorityError> + Send + 'static,
    ) -> Result<Changed, AuthorityError> {
        let changed = self.keep_user(user, key, change).await?;
        self.publish_changed(key, &changed).await?;
        Ok(changed)
    }

    /// As [`Authority::change_user`], and publishes nothing yet.
    pub(super) async fn keep_user(
        &self,
        user: &UserId,
        key: &Signer,
        change: impl FnOnce(&mut Option<UserRow>) -> Result<(), AuthorityError> + Send + 'static,
    ) -> Result<Changed, AuthorityError> {
        let (user, key, now) = (user.clone(), key.clone(), self.now());
        offload(self.store(), move |store| {
            change_row(store, &user, &key, now, change)
        })
        .await
    }

    /// Publishes what changed of a user.
    pub(super) async fn publish_changed(
        &self,
        key: &Signer,
        changed: &Changed,
    ) -> Result<(), AuthorityError> {
        self.publish_user(changed.entry.clone()).await;
        self.publish_badges(key, &changed.badges).await
    }

    /// Takes over what another admin signed of a user since, as far as anybody who answers knows.
    pub(super) async fn learn_user(&self, user: &UserId) -> Result<(), AuthorityError> {
        let place = lookup::user_entry_key(self.membership().secret(), user);
        let Some(DirectoryRecord::UserEntry(entry)) = self.published(place).await else {
            return Ok(());
        };
        offload(self.store(), move |store| adopt(store, &entry)).await
    }
}

/// Takes over what another admin signed of a user, if it is newer than what is known here. Blocks.
pub(super) fn adopt(store: &Store, entry: &Signed<UserEntry>) -> Result<(), AuthorityError> {
    let user = &entry.user;
    let known = store.users().get(user)?;
    if known.is_some_and(|row| row.sequence >= entry.sequence) {
        return Ok(());
    }
    let adopted = store.users().change(user, |row| {
        *row = Some(row_of(entry, entry.badges.clone()));
    });
    match adopted {
        Ok(_) => Ok(()),
        // This admin gave the badge to somebody else. Whose it is, is decided by the badge's own record.
        Err(StoreError::BadgeTaken { .. }) => {
            store.users().change(user, |row| {
                let badges = row.as_ref().map_or_else(Vec::new, |row| row.badges.clone());
                *row = Some(row_of(entry, badges));
            })?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Changes the row and signs the entry, in one go and durably. Blocks.
pub(super) fn change_row(
    store: &Store,
    user: &UserId,
    key: &Signer,
    now: Timestamp,
    change: impl FnOnce(&mut Option<UserRow>) -> Result<(), AuthorityError>,
) -> Result<Changed, AuthorityError> {
    let (signed, badges) = store.users().change(user, |row| {
        let before = row.clone();
        let signed = change(row).and_then(|()| match row.as_mut() {
            Some(row) => sign(user, row, key, now),
            None => Err(AuthorityError::NoSuchUser(user.clone())),
        });
        if signed.is_err() {
            *row = before;
        }
        signed
    })?;
    let (row, entry) = signed?;
    Ok(Changed { row, entry, badges })
}

/// Signs the entry that follows from the row, and notes it there.
fn sign(
    user: &UserId,
    row: &mut UserRow,
    key: &Signer,
    now: Timestamp,
) -> Result<(UserRow, Signed<UserEntry>), AuthorityError> {
    let entry = UserEntry {
        site: key.site(),
        user: user.clone(),
        sequence: key.next(row.sequence)?,
        issued_at: now,
        display: row.display.clone(),
        key: row.key,
        badges: row.badges.clone(),
        groups: row.groups.clone(),
        state: row.state,
    };
    entry.check()?;
    let entry = key.sign(entry)?;
    row.sequence = entry.sequence;
    row.entry = Some(entry.envelope().clone());
    Ok((row.clone(), entry))
}

fn new_row(user: &UserId) -> UserRow {
    // Every user id is a name: shorter, and of fewer characters.
    let display = user
        .as_str()
        .parse()
        .unwrap_or_else(|_| unreachable!("{user} is a name"));
    UserRow {
        entry: None,
        sequence: 0,
        display,
        key: None,
        badges: Vec::new(),
        groups: Vec::new(),
        state: UserState::Active,
    }
}

fn row_of(entry: &Signed<UserEntry>, badges: Vec<BadgeTag>) -> UserRow {
    UserRow {
        entry: Some(entry.envelope().clone()),
        sequence: entry.sequence,
        display: entry.display.clone(),
        key: entry.key,
        badges,
        groups: entry.groups.clone(),
        state: entry.state,
    }
}
