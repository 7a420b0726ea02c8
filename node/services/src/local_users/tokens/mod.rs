//! Print tokens of this computer's users: what their programs show outside the site.

pub mod meter;

use std::time::Duration;

use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::gateway::token::allowance::{Allowance, Used};
use papermesh_protocol::gateway::token::rights::Rights;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_store::TokenRow;
use papermesh_store::offload::offload;

use super::{LocalUsers, LocalUsersError, PAGE};
use crate::audit::{Event, Kind};
use crate::network::Network;

/// How long a token is good for, unless its user says otherwise.
pub const LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The longest that it can be.
pub const LONGEST: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
/// Fewest characters by which a token may be named.
const ID_PREFIX: usize = 4;

/// A token as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Names it; nobody can print with that.
    pub id: TokenDigest,
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub name: Name,
    /// When it was made.
    pub made_at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// What it allows besides holding jobs.
    pub rights: Rights,
    /// How much may be printed with it.
    pub allowance: Allowance,
    /// How much was printed with it.
    pub used: Used,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose; none for that of the only user who enrolled here.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: Name,
    /// How long it is good for.
    pub lifetime: Duration,
    /// What it allows besides holding jobs.
    pub rights: Rights,
    /// How much may be printed with it.
    pub allowance: Allowance,
}

/// Who showed a token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Whose jobs it brings.
    pub user: UserId,
    /// Names the token.
    pub token: TokenDigest,
    /// What it allows besides holding jobs.
    pub rights: Rights,
}

impl<N: Network> LocalUsers<N> {
    /// Makes a print token of a user of this computer. It is told once.
    ///
    /// # Errors
    /// [`LocalUsersError::NobodyEnrolled`], [`LocalUsersError::WhichUser`],
    /// [`LocalUsersError::NotEnrolled`], [`LocalUsersError::TokenLifetime`].
    pub async fn make_token(
        &self,
        new: NewToken,
    ) -> Result<(PrintToken, TokenView), LocalUsersError> {
        if new.lifetime.is_zero() || new.lifetime > LONGEST {
            return Err(LocalUsersError::TokenLifetime);
        }
        let user = self.whom(new.user).await?;
        if self.row(&user).await?.is_none() {
            return Err(LocalUsersError::NotEnrolled(user));
        }
        let token = PrintToken::random(&mut rand::rng());
        let (id, now) = (token.digest(), (self.0.clock)());
        let row = TokenRow {
            user: user.clone(),
            name: new.name,
            made_at: now,
            until: now + new.lifetime,
            rights: new.rights,
            allowance: new.allowance,
            used: Used::default(),
        };
        let view = view(id, row.clone());
        // Written down first: nobody makes one in secret.
        self.record(Kind::TokenMade, &view).await;
        self.forget_expired().await?;
        offload(&self.0.store, move |store| store.tokens().put(id, &row)).await?;
        Ok((token, view))
    }

    /// The print tokens that are good, of a user or of all.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tokens(&self, user: Option<UserId>) -> Result<Vec<TokenView>, LocalUsersError> {
        let now = (self.0.clock)();
        let all = self.kept_tokens().await?;
        let mut tokens: Vec<_> = all
            .into_iter()
            .filter(|(_, row)| {
                row.until > now && user.as_ref().is_none_or(|user| *user == row.user)
            })
            .map(|(id, row)| {
                let used = self.meters().used(id).unwrap_or(row.used);
                view(id, TokenRow { used, ..row })
            })
            .collect();
        tokens.sort_by(|a, b| (&a.user, a.made_at, a.id).cmp(&(&b.user, b.made_at, b.id)));
        Ok(tokens)
    }

    /// Tokens whose time is over take no room from others.
    async fn forget_expired(&self) -> Result<(), LocalUsersError> {
        let (now, all) = ((self.0.clock)(), self.kept_tokens().await?);
        let expired = all.into_iter().filter(|(_, row)| row.until <= now);
        let expired: Vec<TokenDigest> = expired.map(|(id, _)| id).collect();
        for id in &expired {
            self.meters().forget(*id);
        }
        offload(&self.0.store, move |store| {
            for id in expired {
                store.tokens().delete(id)?;
            }
            Ok::<_, LocalUsersError>(())
        })
        .await
    }

    async fn kept_tokens(&self) -> Result<Vec<(TokenDigest, TokenRow)>, LocalUsersError> {
        offload(&self.0.store, move |store| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = store.tokens().scan(after, PAGE)?;
                let is_last = page.len() < PAGE;
                after = page.last().map(|(id, _)| *id);
                all.extend(page);
                if is_last {
                    return Ok::<_, LocalUsersError>(all);
                }
            }
        })
        .await
    }

    /// Withdraws the token of this name, or whose id begins so.
    ///
    /// # Errors
    /// [`LocalUsersError::NoToken`] if none or several are meant.
    pub async fn withdraw_token(&self, meant: &str) -> Result<TokenView, LocalUsersError> {
        let is_meant = |token: &TokenView| {
            token.name.as_str() == meant
                || meant.len() >= ID_PREFIX && token.id.to_string().starts_with(meant)
        };
        let mut all = self.tokens(None).await?;
        // A whole id is that token's, whatever another one is called.
        if let Some(at) = all.iter().position(|token| token.id.to_string() == meant) {
            all = vec![all.swap_remove(at)];
        }
        let mut found = all.into_iter().filter(is_meant);
        let (Some(token), None) = (found.next(), found.next()) else {
            return Err(LocalUsersError::NoToken(meant.to_owned()));
        };
        let id = token.id;
        offload(&self.0.store, move |store| store.tokens().delete(id)).await?;
        self.meters().forget(id);
        self.record(Kind::TokenWithdrawn, &token).await;
        Ok(token)
    }

    /// Who showed this print token, if it is good. Where a name is said with it, it must be that user's.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn bearer(
        &self,
        token: &PrintToken,
        named: Option<&str>,
    ) -> Result<Option<Bearer>, LocalUsersError> {
        let id = token.digest();
        let row = offload(&self.0.store, move |store| store.tokens().get(id)).await?;
        let now = (self.0.clock)();
        let named = named.map(str::parse::<UserId>);
        let is_named = |user: &UserId| match &named {
            Some(named) => named.as_ref() == Ok(user),
            None => true,
        };
        let good = row.filter(|row| row.until > now && is_named(&row.user));
        let Some(TokenRow { user, rights, .. }) = good else {
            return Ok(None);
        };
        // A token does not outlive its user here.
        let is_here = self.row(&user).await?.is_some();
        Ok(is_here.then_some(Bearer {
            user,
            token: id,
            rights,
        }))
    }

    async fn record(&self, kind: Kind, token: &TokenView) {
        let event = Event::new(kind)
            .user(&token.user)
            .because(format!("{} ({})", token.name, token.id));
        self.0.audit.record_best_effort(event).await;
    }
}

fn view(id: TokenDigest, row: TokenRow) -> TokenView {
    TokenView {
        id,
        user: row.user,
        name: row.name,
        made_at: row.made_at,
        until: row.until,
        rights: row.rights,
        allowance: row.allowance,
        used: row.used,
    }
}
