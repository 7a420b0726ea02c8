//! Mail addresses from which documents come.

use std::time::Duration;

use papermesh_services::local_users::addresses::{AddressView, LIFETIME};

use super::super::Services;
use super::super::mail_hold::MailHoldHere;
use crate::control::message::{
    ClaimMailAddress, ConfirmMailAddress, ListMailAddresses, MailAddressClaimed, MailAddresses,
    RemoveMailAddress, UserMailAddress,
};
use crate::control::{Answer, CommandError, ErrorCode, Handle, Io};
use crate::inbox::answer;
use crate::pages::Language;

/// How long a mail with a code is tried to be sent: its user waits.
const SEND: Duration = Duration::from_secs(30);

impl Services {
    fn mail_hold_here(&self) -> Result<&MailHoldHere, CommandError> {
        self.mail_hold.as_ref().ok_or_else(|| {
            let text = "this node holds nothing that comes by mail";
            CommandError::new(ErrorCode::NotHere, text).with_remedy(
                "add the section mail.hold to papermesh.toml on a computer that holds jobs, and start the node again",
            )
        })
    }
}

impl Handle<ClaimMailAddress> for Services {
    async fn handle(&self, command: ClaimMailAddress, _: Io) -> Answer<MailAddressClaimed> {
        let ClaimMailAddress {
            user,
            address,
            language,
        } = command;
        let here = self.mail_hold_here()?;
        if here.address.mailbox() == address.mailbox() {
            let text = format!("{address} is where documents are mailed to");
            return Err(CommandError::new(ErrorCode::Usage, text)
                .with_remedy("register the address from which you mail"));
        }
        let known = language.as_deref().map(Language::named);
        let Some(language) = known.map_or(Some(None), |known| known.map(Some)) else {
            let all = Language::ALL.map(Language::tag).join(", ");
            return Err(
                CommandError::new(ErrorCode::Usage, "this language is not spoken here")
                    .with_remedy(format!("choose one of {all}")),
            );
        };
        let tag = language.map(|language| language.tag().to_owned());
        let claiming = self.local_users.claim_address(user, address.clone(), tag);
        let (user, code) = claiming.await?;
        let site = self.mesh.membership().state().name.clone();
        let words = language.unwrap_or_default().words();
        let mail = answer::code(words, &code, site.as_str());
        here.send(&address, &mail, SEND)
            .await
            .map_err(|error| CommandError::of(ErrorCode::Unreachable, &error))?;
        Ok(MailAddressClaimed {
            user,
            address,
            valid: LIFETIME.as_secs(),
        })
    }
}

impl Handle<ConfirmMailAddress> for Services {
    async fn handle(&self, command: ConfirmMailAddress, _: Io) -> Answer<UserMailAddress> {
        let confirming = self
            .local_users
            .confirm_address(command.user, command.code.expose());
        Ok(shown(confirming.await?))
    }
}

impl Handle<ListMailAddresses> for Services {
    async fn handle(&self, command: ListMailAddresses, _: Io) -> Answer<MailAddresses> {
        let addresses = self.local_users.addresses(command.user).await?;
        Ok(MailAddresses {
            to: self.mail_hold.as_ref().map(|here| here.address.clone()),
            addresses: addresses.into_iter().map(shown).collect(),
        })
    }
}

impl Handle<RemoveMailAddress> for Services {
    async fn handle(&self, command: RemoveMailAddress, _: Io) -> Answer<UserMailAddress> {
        let RemoveMailAddress { user, address } = command;
        let removed = self.local_users.remove_address(user, &address).await?;
        Ok(shown(removed))
    }
}

fn shown(view: AddressView) -> UserMailAddress {
    UserMailAddress {
        address: view.address,
        user: view.user,
        since: view.since,
        language: view.language,
    }
}
