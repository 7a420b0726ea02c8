//! Whom a badge names: giving, moving and taking back.
//!
//! Only the tag of a number is kept, never the number. A badge's record has a sequence number of
//! its own, which the store raises with every change of hands.

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::id::BadgeTag;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::Badge;
use papermesh_store::offload::offload;
use papermesh_store::{BadgeRow, StoreError};

use super::key::Signer;
use super::users::{Changed, UserView};
use super::{Authority, AuthorityError};
use crate::audit::{Event, Kind};
use crate::network::Network;

impl<N: Network> Authority<N> {
    /// Gives a user a badge. A badge that names somebody else is moved; the second value says
    /// from whom.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchUser`], [`AuthorityError::Badge`], [`AuthorityError::User`], and
    /// those of the key.
    pub async fn give_badge(
        &self,
        user: &UserId,
        number: &BadgeNumber,
        passphrase: Option<&str>,
    ) -> Result<(UserView, Option<UserId>), AuthorityError> {
        let tag = lookup::badge_tag(self.membership().secret(), number)?;
        let key = self.key(passphrase).await?;
        self.learn_user(user).await?;
        self.learn_badge(tag).await?;
        let name = user.clone();
        let known = offload(self.store(), move |store| store.users().get(&name)).await?;
        known.ok_or_else(|| AuthorityError::NoSuchUser(user.clone()))?;

        let owner = self.badge_owner(tag).await?.filter(|owner| owner != user);
        if let Some(owner) = &owner {
            self.learn_user(owner).await?;
            let name = owner.clone();
            self.change_user(owner, &key, move |row| {
                row.as_mut()
                    .ok_or(AuthorityError::NoSuchUser(name))?
                    .badges
                    .retain(|badge| *badge != tag);
                Ok(())
            })
            .await?;
            self.record_best_effort(
                Event::new(Kind::UserChanged)
                    .user(owner)
                    .because(format!("badge moved to {user}")),
            )
            .await;
        }
        let name = user.clone();
        let changed = self.change_user(user, &key, move |row| {
            let row = row.as_mut().ok_or(AuthorityError::NoSuchUser(name))?;
            if !row.badges.contains(&tag) {
                row.badges.push(tag);
            }
            Ok(())
        });
        let Changed { row, .. } = changed.await?;
        self.record_best_effort(
            Event::new(Kind::UserChanged)
                .user(user)
                .because("badge given"),
        )
        .await;
        Ok((UserView::of(user.clone(), &row), owner))
    }

    /// Takes a badge back from a user. From then on it names nobody.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchUser`], [`AuthorityError::BadgeNotTheirs`],
    /// [`AuthorityError::Badge`], and those of the key.
    pub async fn take_badge(
        &self,
        user: &UserId,
        number: &BadgeNumber,
        passphrase: Option<&str>,
    ) -> Result<UserView, AuthorityError> {
        let tag = lookup::badge_tag(self.membership().secret(), number)?;
        let key = self.key(passphrase).await?;
        self.learn_user(user).await?;
        self.learn_badge(tag).await?;
        let name = user.clone();
        let changed = self.change_user(user, &key, move |row| {
            let row = row
                .as_mut()
                .ok_or_else(|| AuthorityError::NoSuchUser(name.clone()))?;
            let before = row.badges.len();
            row.badges.retain(|badge| *badge != tag);
            if row.badges.len() < before {
                Ok(())
            } else {
                Err(AuthorityError::BadgeNotTheirs(name))
            }
        });
        let Changed { row, .. } = changed.await?;
        self.record_best_effort(
            Event::new(Kind::UserChanged)
                .user(user)
                .because("badge removed"),
        )
        .await;
        Ok(UserView::of(user.clone(), &row))
    }

    pub(super) async fn badge_owner(
        &self,
        tag: BadgeTag,
    ) -> Result<Option<UserId>, AuthorityError> {
        let badge: Option<BadgeRow> =
            offload(self.store(), move |store| store.badges().get(tag)).await?;
        Ok(badge.and_then(|badge| badge.user))
    }

    /// Takes over what another admin signed of a badge since, so that the next record is newer.
    pub(super) async fn learn_badge(&self, tag: BadgeTag) -> Result<(), AuthorityError> {
        let Some(DirectoryRecord::Badge(badge)) = self.published(lookup::badge_key(tag)).await
        else {
            return Ok(());
        };
        let row = BadgeRow {
            user: badge.user.clone(),
            sequence: badge.sequence,
        };
        let learned: Result<(), StoreError> =
            offload(self.store(), move |store| store.badges().learn(tag, row)).await;
        Ok(learned?)
    }
}

/// The record of a badge.
pub(super) fn sign(
    tag: BadgeTag,
    row: &BadgeRow,
    key: &Signer,
) -> Result<Signed<Badge>, AuthorityError> {
    let badge = Badge {
        site: key.site(),
        tag,
        user: row.user.clone(),
        sequence: row.sequence,
    };
    Ok(key.sign(badge)?)
}
