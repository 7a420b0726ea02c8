//! Members and the site: what the authority on this node does.

use std::borrow::Cow;
use std::time::Duration;

use papermesh_protocol::certificate::Roles;
use papermesh_protocol::join::Digits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::web;
use papermesh_services::authority::bundle::TEXT_MAX;
use papermesh_services::authority::{
    self, AuthorityError, Exported, Import, MemberView, NewInvite, OfAdmin, PolicyChange as Change,
    PolicyView as Policy, RootWord,
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::super::{Services, becoming};
use crate::control::message::{
    self, AdminView, Approve, Event, ExportRoot, ExportSite, FollowSite, ImportSite, Invite,
    InviteIssued, Legacy, ListInvites, ListMembers, ListPending, Member, OpenInvite, PendingDevice,
    PolicyView, Refuse, Refused, RemoveRoot, RenewRoot, Revocation, Revoke, RootExported, RootView,
    ShowKey, ShowRoot, ShowSiteAuthority, SiteAuthority, SiteExported, SiteFollowed, SiteImported,
    SiteKey, SitePolicy, WithdrawInvite,
};
use crate::control::{Answer, CommandError, ErrorCode, Handle, Io, Passphrase, ask};

impl Handle<Invite> for Services {
    async fn handle(&self, command: Invite, _: Io) -> Answer<InviteIssued> {
        let new = NewInvite {
            roles: Roles::of(&command.roles),
            name: command.name,
            lifetime: Duration::from_secs(command.lifetime.into()),
            addresses: self
                .join_listener
                .get()
                .map(|listener| listener.addresses())
                .unwrap_or_default(),
        };
        let issued = self
            .authority
            .invite(new, said(&command.passphrase))
            .await?;
        Ok(InviteIssued {
            invite: issued.text.to_string(),
            roles: issued.roles.iter().collect(),
            name: issued.name,
            expires_at: issued.expires_at,
        })
    }
}

impl Handle<ListInvites> for Services {
    async fn handle(&self, _: ListInvites, _: Io) -> Answer<Vec<OpenInvite>> {
        let open = self.authority.invites().await?;
        let members = self.authority.members().await?;
        let invites = open.into_iter();
        Ok(invites.map(|open| open_invite(open, &members)).collect())
    }
}

impl Handle<WithdrawInvite> for Services {
    async fn handle(&self, command: WithdrawInvite, _: Io) -> Answer<OpenInvite> {
        let withdrawn = self.authority.withdraw_invite(&command.invite).await?;
        Ok(open_invite(withdrawn, &self.authority.members().await?))
    }
}

impl Handle<ListPending> for Services {
    async fn handle(&self, command: ListPending, _: Io) -> Answer<Vec<PendingDevice>> {
        let pending = self
            .authority
            .pending(Duration::from_secs(command.wait.into()))
            .await?;
        Ok(pending
            .into_iter()
            .map(|device| PendingDevice {
                name: device.name,
                roles: device.roles.iter().collect(),
                node: device.node,
                since: device.since,
            })
            .collect())
    }
}

impl Handle<Approve> for Services {
    async fn handle(&self, command: Approve, _: Io) -> Answer<Member> {
        let digits = command
            .code
            .parse()
            .map_err(|error| CommandError::new(ErrorCode::Usage, error))?;
        Ok(shown(
            self.authority
                .approve(digits, said(&command.passphrase))
                .await?,
        ))
    }
}

impl Handle<Refuse> for Services {
    async fn handle(&self, command: Refuse, _: Io) -> Answer<Refused> {
        let refused = match command.device.parse() {
            Ok(digits) => self.authority.refuse(digits).await,
            Err(_) => self.authority.refuse_named(&command.device).await?,
        };
        match refused {
            0 => Err(CommandError::new(
                ErrorCode::NotFound,
                "no waiting device shows these digits or has this name",
            )
            .with_remedy("list the waiting devices with `papermesh pending`")),
            devices => Ok(Refused {
                devices: u32::try_from(devices).unwrap_or(u32::MAX),
            }),
        }
    }
}

impl Handle<ListMembers> for Services {
    async fn handle(&self, _: ListMembers, _: Io) -> Answer<Vec<Member>> {
        Ok(self
            .authority
            .members()
            .await?
            .into_iter()
            .map(shown)
            .collect())
    }
}

impl Handle<FollowSite> for Services {
    /// Tells of changes until nobody listens any more. Several in a row may be told as one.
    async fn handle(&self, _: FollowSite, io: Io) -> Answer<SiteFollowed> {
        let Io { events, .. } = io;
        let mut news = self.authority.news();
        let mut changes = 0;
        loop {
            let more = tokio::select! {
                more = news.changed() => more,
                () = events.closed() => false,
            };
            if !more {
                return Ok(SiteFollowed { changes });
            }
            changes += 1;
            events.tell(Event::Site).await;
        }
    }
}

impl Handle<Revoke> for Services {
    async fn handle(&self, command: Revoke, _: Io) -> Answer<Revocation> {
        let of_admin = match (command.root, command.keep_key) {
            (Some(word), _) => OfAdmin::TakeKey(root_word(word)),
            (None, true) => OfAdmin::KeepKey,
            (None, false) => OfAdmin::Unsaid,
        };
        let revoked = self
            .authority
            .revoke(&command.node, of_admin, said(&command.passphrase))
            .await?;
        Ok(Revocation {
            node: revoked.node,
            name: revoked.name,
            certificates: revoked.certificates,
            sequence: revoked.sequence,
            admin: revoked.admin,
            key_taken: revoked.key_taken,
            legacy: Legacy {
                devices: revoked.legacy.devices,
                users: revoked.legacy.users,
                more: revoked.legacy.more,
            },
        })
    }
}

impl Handle<SitePolicy> for Services {
    async fn handle(&self, command: SitePolicy, _: Io) -> Answer<PolicyView> {
        let Policy {
            site,
            site_name,
            sequence,
            policy,
        } = match command.change {
            None => self.authority.policy(),
            Some(change) => {
                let change = Change {
                    login: change.login,
                    job_lifetime: change.job_lifetime,
                    bind_badges: change.bind_badges,
                    pin_length: change.pin_length,
                };
                self.authority
                    .change_policy(change, said(&command.passphrase))
                    .await?
            }
        };
        Ok(PolicyView {
            site,
            site_name,
            sequence,
            login: policy.login,
            job_lifetime: policy.job_lifetime,
            bind_badges: policy.bind_badges,
            pin_length: policy.pin_length,
        })
    }
}

impl Handle<ShowKey> for Services {
    async fn handle(&self, _: ShowKey, _: Io) -> Answer<SiteKey> {
        let kept = self.authority.kept().await?;
        let (passphrase, open) = kept.ok_or(AuthorityError::NotAdmin)?;
        Ok(SiteKey { passphrase, open })
    }
}

impl Handle<ShowSiteAuthority> for Services {
    async fn handle(&self, command: ShowSiteAuthority, _: Io) -> Answer<SiteAuthority> {
        let passphrase = said(&command.passphrase);
        let authority = match self.authority.web_authority(passphrase).await {
            Err(AuthorityError::NotAdmin) => self.web_certificate.authority().await.map_err(|error| {
                let remedy = error.remedy().map_or_else(
                    || "try again once it has connected to an admin's node, or run this on that node".into(),
                    Cow::into_owned,
                );
                CommandError::new(
                    ErrorCode::Unreachable,
                    format!("this node does not have the site's certificate yet ({error})"),
                )
                .with_remedy(remedy)
            })?,
            known => known?,
        };
        let certificate = &authority.certificate;
        Ok(SiteAuthority {
            site: authority.site,
            site_name: self.mesh.membership().state().name.clone(),
            pem: pem(certificate),
            fingerprint: fingerprint(certificate),
            not_after: web::AUTHORITY_UNTIL,
        })
    }
}

impl Handle<ShowRoot> for Services {
    async fn handle(&self, _: ShowRoot, _: Io) -> Answer<RootView> {
        let membership = self.mesh.membership();
        let (charter, state) = (membership.charter(), membership.state());
        let members = self.authority.members().await?;
        let admins = charter.admins.iter().map(|admin| AdminView {
            node: admin.node,
            name: members
                .iter()
                .find(|member| member.node == admin.node)
                .map(|member| member.name.clone()),
            since: admin.since,
        });
        Ok(RootView {
            site: charter.site,
            site_name: state.name.clone(),
            charter: charter.sequence,
            here: self.authority.has_root().await?,
            admins: admins.collect(),
            web_until: self.authority.web_until().await?,
        })
    }
}

impl Handle<ExportRoot> for Services {
    async fn handle(&self, command: ExportRoot, _: Io) -> Answer<RootExported> {
        let text = self.authority.export_root(root_word(command.root)).await?;
        Ok(RootExported {
            root: text.to_string(),
        })
    }
}

impl Handle<RemoveRoot> for Services {
    async fn handle(&self, _: RemoveRoot, _: Io) -> Answer<RootView> {
        self.authority.remove_root().await?;
        ask(self, ShowRoot {}).await
    }
}

impl Handle<RenewRoot> for Services {
    async fn handle(&self, command: RenewRoot, _: Io) -> Answer<RootView> {
        let word = root_word(command.root);
        let passphrase = said(&command.passphrase);
        self.authority.renew_root(word, passphrase).await?;
        ask(self, ShowRoot {}).await
    }
}

impl Handle<ExportSite> for Services {
    async fn handle(&self, command: ExportSite, _: Io) -> Answer<SiteExported> {
        let exported = self
            .authority
            .export_site(command.passphrase.expose())
            .await?;
        Ok(exported_site(exported))
    }
}

impl Handle<ImportSite> for Services {
    async fn handle(&self, command: ImportSite, io: Io) -> Answer<SiteImported> {
        let Io { body: export, .. } = io;
        let mut text = Zeroizing::new(String::new());
        let mut export = export.take(TEXT_MAX as u64 + 1);
        let read = export.read_to_string(&mut text).await;
        read.map_err(|error| CommandError::new(ErrorCode::BadData, error))?;
        let imported = self.authority.import_site(import(command, text)).await?;
        // An admin lets devices join; from now on that is this node, too.
        self.open_join_listener().await?;
        Ok(becoming::imported(imported))
    }
}

fn open_invite(invite: authority::OpenInvite, members: &[MemberView]) -> OpenInvite {
    let used_by = invite.used_by.map(|node| {
        let known = members.iter().find(|member| member.node == node);
        known.map_or_else(
            || node.to_string()[..8].to_owned(),
            |member| member.name.to_string(),
        )
    });
    OpenInvite {
        used_by,
        id: invite.id,
        roles: invite.roles.iter().collect(),
        name: invite.name,
        expires_at: invite.expires_at,
    }
}

pub(in crate::node) fn exported_site(exported: Exported) -> SiteExported {
    SiteExported {
        site: exported.site,
        site_name: exported.site_name,
        export: exported.text.to_string(),
    }
}

pub(in crate::node) fn import(command: ImportSite, text: Zeroizing<String>) -> Import {
    Import {
        text,
        passphrase: Zeroizing::new(command.passphrase.expose().to_owned()),
        root: command.root.map(root_word),
        name: command.name,
        roles: Roles::of(&command.roles),
    }
}

fn root_word(word: message::RootWord) -> RootWord {
    let text = |text: &str| Zeroizing::new(text.to_owned());
    RootWord {
        passphrase: text(word.passphrase.expose()),
        file: word.file.as_ref().map(|file| text(file.expose())),
    }
}

/// The six digits as they are typed: in one piece, so that a shell takes them for one word.
pub(in crate::node) fn code(digits: &Digits) -> String {
    digits.to_string().split_whitespace().collect()
}

/// The passphrase, if one was given.
pub(super) fn said(passphrase: &Option<Passphrase>) -> Option<&str> {
    passphrase.as_ref().map(Passphrase::expose)
}

fn shown(member: MemberView) -> Member {
    Member {
        node: member.node,
        name: member.name,
        roles: member.roles.iter().collect(),
        serial: member.serial,
        not_after: member.not_after,
        revoked: member.revoked,
        this: member.this,
        connected: member.connected,
        seen_at: member.seen_at,
    }
}

/// Letters in a line of PEM (RFC 7468 section 2).
const PEM_LINE: usize = 64;

fn pem(certificate: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(certificate);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(PEM_LINE) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// As browsers show it.
fn fingerprint(certificate: &[u8]) -> String {
    let hash = Sha256::digest(certificate);
    let bytes: Vec<_> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn the_certificate_is_written_as_everybody_reads_it() {
        for length in [0, 47, 48, 49, 500] {
            let certificate = vec![7; length];
            let text = pem(&certificate);
            assert!(text.lines().all(|line| line.len() <= PEM_LINE), "{text}");
            let read = CertificateDer::from_pem_slice(text.as_bytes()).unwrap();
            assert_eq!(read.as_ref(), certificate);
        }
        let shown = fingerprint(b"");
        assert!(shown.starts_with("E3:B0:C4:42:"), "{shown}");
        assert_eq!(shown.len(), 32 * 3 - 1);
    }
}
