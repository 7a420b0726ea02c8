//! Mail addresses of this computer's users: what is sent from there is held for them.
//!
//! A user claims an address, is mailed a code there, and types it. Whoever proves an address has it from then on, and
//! nobody else: of two who read one mailbox the later one.

mod pending;

use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{MailAddressRow, StoreError};

pub use pending::{Code, LIFETIME, MAILS};

pub(super) use pending::Pending;

use super::{LocalUsers, LocalUsersError, PAGE};
use crate::audit::{Event, Kind};
use crate::network::Network;
use pending::{Claimed, CodeError};

/// Addresses of one user.
pub const ADDRESSES: usize = 5;

/// An address of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressView {
    /// The address, in lower case.
    pub address: String,
    /// Whose.
    pub user: UserId,
    /// Since when.
    pub since: Timestamp,
    /// The language in which its user is answered (BCP 47), where that is known.
    pub language: Option<String>,
}

impl<N: Network> LocalUsers<N> {
    /// Begins to prove that a user reads an address. The code is to be mailed there, and nowhere else.
    ///
    /// # Errors
    /// [`LocalUsersError::NobodyEnrolled`], [`LocalUsersError::WhichUser`], [`LocalUsersError::NotEnrolled`],
    /// [`LocalUsersError::TooManyAddresses`], [`LocalUsersError::TooManyCodes`].
    pub async fn claim_address(
        &self,
        user: Option<UserId>,
        address: MailAddress,
        language: Option<String>,
    ) -> Result<(UserId, Code), LocalUsersError> {
        let user = self.whom(user).await?;
        if self.row(&user).await?.is_none() {
            return Err(LocalUsersError::NotEnrolled(user));
        }
        self.has_room_for(&user, &address).await?;
        let code = Code::random();
        let claimed = Claimed { address, language };
        let now = self.0.membership.steady();
        let begun = self
            .pending()
            .begin(user.clone(), claimed, code.clone(), now);
        match begun {
            true => Ok((user, code)),
            false => Err(LocalUsersError::TooManyCodes),
        }
    }

    /// Proves it: the address is the user's from now on.
    ///
    /// # Errors
    /// [`LocalUsersError::NoCode`], [`LocalUsersError::WrongCode`], and those of [`LocalUsers::claim_address`].
    pub async fn confirm_address(
        &self,
        user: Option<UserId>,
        code: &str,
    ) -> Result<AddressView, LocalUsersError> {
        let user = self.whom(user).await?;
        let now = self.0.membership.steady();
        let confirmed = self.pending().confirm(&user, code, now);
        let Claimed { address, language } = confirmed.map_err(|error| match error {
            CodeError::Nothing => LocalUsersError::NoCode,
            CodeError::Wrong => LocalUsersError::WrongCode,
        })?;
        self.has_room_for(&user, &address).await?;
        let key = written(&address);
        let row = MailAddressRow {
            user: user.clone(),
            since: self.now(),
            language,
        };
        let view = view(key.clone(), row.clone());
        let putting = move |store: &papermesh_store::Store| {
            store
                .mail_addresses()
                .change(&key, |known| known.replace(row))
        };
        let before = offload(self.store(), putting).await?;
        if let Some(before) = before.filter(|before| before.user != user) {
            let gone = Event::new(Kind::MailAddressRemoved).user(&before.user);
            self.record_best_effort(gone.because(&view.address)).await;
        }
        let added = Event::new(Kind::MailAddressAdded).user(&user);
        self.record_best_effort(added.because(&view.address)).await;
        Ok(view)
    }

    /// The addresses of a user, or of all.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn addresses(
        &self,
        user: Option<UserId>,
    ) -> Result<Vec<AddressView>, LocalUsersError> {
        let all = offload(self.store(), |store| {
            let mut all: Vec<(String, MailAddressRow)> = Vec::new();
            loop {
                let after = all.last().map(|(address, _)| address);
                let page = store.mail_addresses().scan(after, PAGE)?;
                let is_last = page.len() < PAGE;
                all.extend(page);
                if is_last {
                    return Ok::<_, StoreError>(all);
                }
            }
        });
        let all = all.await?.into_iter();
        let meant = all.filter(|(_, row)| user.as_ref().is_none_or(|user| *user == row.user));
        let mut addresses: Vec<_> = meant.map(|(address, row)| view(address, row)).collect();
        addresses.sort_by(|a, b| (&a.user, &a.address).cmp(&(&b.user, &b.address)));
        Ok(addresses)
    }

    /// Takes an address from the user who has it.
    ///
    /// # Errors
    /// [`LocalUsersError::NoAddress`] if nobody has it, or not that user.
    pub async fn remove_address(
        &self,
        user: Option<UserId>,
        address: &MailAddress,
    ) -> Result<AddressView, LocalUsersError> {
        let key = written(address);
        let removing = {
            let key = key.clone();
            move |store: &papermesh_store::Store| {
                store.mail_addresses().change(&key, |row| {
                    let is_meant = |row: &mut MailAddressRow| {
                        user.as_ref().is_none_or(|user| *user == row.user)
                    };
                    row.take_if(is_meant)
                })
            }
        };
        let removed = offload(self.store(), removing).await?;
        let row = removed.ok_or_else(|| LocalUsersError::NoAddress(address.to_string()))?;
        let removed = view(key, row);
        let event = Event::new(Kind::MailAddressRemoved).user(&removed.user);
        self.record_best_effort(event.because(&removed.address))
            .await;
        Ok(removed)
    }

    /// Whose address this is. An address does not outlive its user here.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn reader_of(
        &self,
        address: &MailAddress,
    ) -> Result<Option<AddressView>, StoreError> {
        let key = written(address);
        let looking = {
            let key = key.clone();
            move |store: &papermesh_store::Store| store.mail_addresses().get(&key)
        };
        let Some(row) = offload(self.store(), looking).await? else {
            return Ok(None);
        };
        let is_here = self.row(&row.user).await?.is_some();
        Ok(is_here.then(|| view(key, row)))
    }

    async fn has_room_for(
        &self,
        user: &UserId,
        address: &MailAddress,
    ) -> Result<(), LocalUsersError> {
        let own = self.addresses(Some(user.clone())).await?;
        let is_known = own.iter().any(|own| own.address == written(address));
        match own.len() < ADDRESSES || is_known {
            true => Ok(()),
            false => Err(LocalUsersError::TooManyAddresses),
        }
    }
}

/// As it is kept: servers that tell names apart by their case are none that anybody has met.
fn written(address: &MailAddress) -> String {
    address.as_str().to_ascii_lowercase()
}

fn view(address: String, row: MailAddressRow) -> AddressView {
    AddressView {
        address,
        user: row.user,
        since: row.since,
        language: row.language,
    }
}
